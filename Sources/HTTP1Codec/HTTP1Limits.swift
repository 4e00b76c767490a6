/// How much of a message the codec takes before it gives up.
package struct HTTP1Limits: Sendable {
    /// Request line or status line and all fields, with every CRLF.
    package var maxHeadBytes = 32768
    /// Field lines in a head, and again in a trailer section.
    package var maxFields = 256
    /// Options in all `Connection` fields of a head together.
    package var maxConnectionOptions = 32
    /// Bytes of chunk extensions beyond the bytes of data that came with them: a body may not be mostly extensions.
    package var maxChunkExtensionBytes = 4096
    /// The trailer section, with every CRLF.
    package var maxTrailerBytes = 8192
    /// Interim (1xx) responses before a final one.
    package var maxInformationalResponses = 16

    package init() {}
}
