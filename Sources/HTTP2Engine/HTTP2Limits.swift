/// What a client may ask of one HTTP/2 connection.
package struct HTTP2Limits: Sendable, Equatable {
    package var concurrentStreams = 128
    /// The sum of all names, values and 32 for each field (RFC 9113, 6.5.2).
    package var headerListBytes = 32 * 1024
    package var headerFields = 256
    /// The header lists of all requests under way on a connection together: an index of one byte stands for 4 KiB.
    package var heldHeaderBytes = 1024 * 1024
    /// The longest request body; nil: any.
    package var bodyBytes: Int? = 10 * 1024 * 1024
    /// How much of a body may be under way on one stream before it is passed on, in bytes.
    package var streamWindow = 128 * 1024
    /// The same for all streams of a connection together.
    package var connectionWindow = 1024 * 1024
    /// What frames that move no request on may cost (`FrameCost`) before the client is sent away.
    package var frameBudget = 2000
    /// CONTINUATION frames of one header section.
    package var continuations = 8
    /// Whether requests may ask for a tunnel; where not, HTTP/2 has no word for it and an upgrade of HTTP/1.1 is ignored.
    package var tunnels = false
    /// How long the client may take to acknowledge the settings (RFC 9113, 6.5.3), in seconds.
    package var settingsSeconds = 10

    package init() {}
}
