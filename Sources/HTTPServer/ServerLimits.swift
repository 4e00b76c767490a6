package import HTTP2Engine

/// What clients may ask of one worker.
package struct ServerLimits: Sendable, Equatable {
    package var http2 = HTTP2Limits()
    /// From the first byte of a connection, or of a request, to the end of its head.
    package var headerSeconds = 10.0
    /// Without a byte in either direction.
    package var idleSeconds = 60.0
    /// Open at the same time on this worker.
    package var connections = 20_000
    /// How long streams in flight may take to finish once the gateway drains.
    package var drainSeconds = 30.0

    package init() {}
}
