package import HTTP2Engine

/// What clients may ask of one worker.
package struct ServerLimits: Sendable, Equatable {
    package var http2 = HTTP2Limits()
    /// From the first byte of a connection, or of a request, to the end of its head.
    package var headerSeconds = 10.0
    /// Without a byte in either direction.
    package var idleSeconds = 60.0
    /// How long a client may be slower than `leastBytesPerSecond` in what it owes: the rest of a request that hasn't been
    /// answered, or the reading of a response.
    package var stallSeconds = 20.0
    /// 0: any progress is enough.
    package var leastBytesPerSecond = 200
    /// As many requests may stall on this worker at once, for `stallSeconds` each; the more there are beyond that, the
    /// sooner each is ended, since each holds an upstream's connection.
    package var stalledRequests = 128
    /// Open at the same time on this worker.
    package var connections = 20_000
    /// TLS handshakes under way at the same time on this worker, 45 KiB each; beyond that the oldest are given up.
    package var handshakes = 512
    /// How long streams in flight may take to finish once the gateway drains.
    package var drainSeconds = 30.0

    package init() {}
}
