/// What a client may ask of one HTTP/2 connection.
package struct HTTP2Limits: Sendable, Equatable {
    package var concurrentStreams = 128
    /// The sum of all names, values and 32 for each field (RFC 9113, 6.5.2).
    package var headerListBytes = 32 * 1024
    package var headerFields = 256
    /// The longest request body; nil: any.
    package var bodyBytes: Int? = 10 * 1024 * 1024
    /// How much of a body may be under way on one stream before it is passed on, in bytes.
    package var streamWindow = 128 * 1024
    /// The same for all streams of a connection together.
    package var connectionWindow = 1024 * 1024

    package init() {}
}
