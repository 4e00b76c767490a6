package import EventLoop
package import TLSEngine

/// An upstream that requests are forwarded to, and how patient to be with it. All limits are one worker's.
package struct UpstreamTarget: Sendable, Equatable {
    package var name: String
    package var servers: [UpstreamServer]
    /// What it is called in `Host` where no client has a say.
    package var authority: String
    /// How its certificate is verified; nil: cleartext.
    package var tls: TLSClientContext?
    /// HTTP/2, with prior knowledge where there is no TLS; else HTTP/1.1.
    package var isHTTP2 = false
    package var connectSeconds = 3.0
    /// From the request's last byte to the response's head.
    package var responseHeaderSeconds = 30.0
    /// Between two bytes of a response's body, and for a connection that waits for its next request.
    package var idleSeconds = 60.0
    /// Connections, in use or waiting.
    package var maxConnections = 512
    /// Requests under way at once, to all addresses and to each.
    package var maxRequests = Int.max
    package var maxRequestsPerAddress = Int.max
    /// WebSockets, apart from the connections of requests, and how long one may be without a byte in either direction.
    package var maxTunnels = 1024
    package var tunnelIdleSeconds = 600.0
    /// Requests that may wait for their turn, and how long.
    package var maxWaiting = 512
    package var waitSeconds = 3.0
    /// While requests wait, a client that takes less of its response may lose it; 0: one that takes nothing.
    package var leastBytesPerSecond = 200
    /// For how long it must have been so: several round trips of a bad mobile network, or the time in which TCP sends
    /// again what was lost.
    package var patienceSeconds = 1.0
    /// How long the rest of a response whose client has gone may take, so that its connection can serve on (HTTP/1.1).
    package var remainderSeconds = 1.0
    package var circuit = CircuitBreaker.Policy()
    /// Of a hundred requests, so many may be sent a second time.
    package var retryPercent = 20
    package var healthCheck: HealthCheckPolicy?

    package init(name: String, servers: [UpstreamServer], authority: String = "") {
        self.name = name
        self.servers = servers
        self.authority = authority
    }

    package static func == (first: UpstreamTarget, second: UpstreamTarget) -> Bool {
        first.servers == second.servers && first.isSame(as: second)
    }

    /// Whether nothing but addresses has changed: then connections are kept.
    package func isSame(as other: UpstreamTarget) -> Bool {
        name == other.name && authority == other.authority && tls == other.tls && isHTTP2 == other.isHTTP2
            && connectSeconds == other.connectSeconds && responseHeaderSeconds == other.responseHeaderSeconds
            && idleSeconds == other.idleSeconds && maxConnections == other.maxConnections
            && maxRequests == other.maxRequests && maxRequestsPerAddress == other.maxRequestsPerAddress
            && maxTunnels == other.maxTunnels && tunnelIdleSeconds == other.tunnelIdleSeconds
            && maxWaiting == other.maxWaiting && waitSeconds == other.waitSeconds && circuit == other.circuit
            && leastBytesPerSecond == other.leastBytesPerSecond && patienceSeconds == other.patienceSeconds
            && remainderSeconds == other.remainderSeconds
            && retryPercent == other.retryPercent && healthCheck == other.healthCheck
    }
}

/// One address of an upstream.
package struct UpstreamServer: Sendable, Equatable {
    package let address: SocketAddress
    /// What its certificate must be for: a host name, or an address without brackets.
    package let host: String

    package init(_ address: SocketAddress, host: String) {
        self.address = address
        self.host = host
    }
}

/// How an upstream's addresses are asked whether they are well.
package struct HealthCheckPolicy: Sendable, Equatable {
    /// What is asked for, by GET: any 2xx or 3xx is well.
    package var path: String
    package var everySeconds = 5.0
    package var timeoutSeconds = 2.0
    /// In a row, before the address gets no more requests.
    package var failures = 2
    /// In a row, before it gets requests again.
    package var successes = 1

    package init(path: String) { self.path = path }
}

/// Why an upstream gave no whole response.
package enum UpstreamFailure: String, Sendable {
    /// No connection, or it broke before a response.
    case unreachable
    /// What came back isn't HTTP as RFC 9112 has it.
    case malformed
    /// Connecting, or the response's head, took too long.
    case timeout
    /// All connections are taken, and too many requests wait already, or this one has waited too long.
    case overloaded
    /// It speaks HTTP/2 and lets no stream become a WebSocket.
    case withoutWebSockets
}
