package import EventLoop

/// An upstream that requests are forwarded to, and how patient to be with it.
package struct UpstreamTarget: Sendable, Equatable {
    package var name: String
    package var addresses: [SocketAddress]
    package var connectSeconds = 3.0
    /// From the request's last byte to the response's head.
    package var responseHeaderSeconds = 30.0
    /// Between two bytes of a response's body, and for a connection that waits for its next request.
    package var idleSeconds = 60.0
    /// Connections of one worker, in use or waiting.
    package var maxConnections = 512

    package init(name: String, addresses: [SocketAddress]) {
        self.name = name
        self.addresses = addresses
    }
}

/// Why an upstream gave no whole response.
package enum UpstreamFailure: String, Sendable {
    /// No connection, or it broke before a response.
    case unreachable
    /// What came back isn't HTTP as RFC 9112 has it.
    case malformed
    /// Connecting, or the response's head, took too long.
    case timeout
    /// All connections are taken, and too many requests wait already.
    case overloaded
}
