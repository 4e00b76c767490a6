import HTTP2Engine
import HTTPMessages

/// One request on an HTTP/2 connection to an upstream: what a whole connection is to HTTP/1.1.
final class UpstreamStream {
    let wire = HTTP2ClientStream()
    unowned let relay: Relay
    private unowned let connection: UpstreamHTTP2Connection
    /// It asks for a WebSocket.
    let isForTunnel: Bool
    /// The upstream has agreed to that: what passes isn't HTTP any more.
    var tunnelIsOpen = false
    /// False while the connection is still being made, or what the request depends on isn't known.
    var isSubmitted = false
    var sawResponse = false
    var deadline: UInt64 = 0
    /// How long the upstream may be silent within its response.
    var idleSeconds: Double
    /// The upstream may not send on: its client hasn't made room.
    var isHeldBack = false
    /// Neither side hears of the other any more.
    var isOver = false

    /// How long an upstream may be silent once the client has closed its side of a tunnel.
    private static let halfClosedSeconds = 10.0

    init(_ relay: Relay, on connection: UpstreamHTTP2Connection) {
        self.relay = relay
        self.connection = connection
        isForTunnel = relay.tunnel != nil
        idleSeconds = connection.pool.target.idleSeconds
    }

    func append(_ bytes: Bytes) {
        wire.body.append(bytes)
        connection.bodyCame(self)
    }

    func endRequest() {
        relay.copyTrailers(into: &wire.trailers)
        wire.bodyEnded = true
        connection.bodyCame(self)
    }

    /// Ends this side of a tunnel, once everything that was written has gone.
    func finishWriting() {
        wire.bodyEnded = true
        idleSeconds = min(idleSeconds, Self.halfClosedSeconds)
        connection.bodyCame(self)
    }

    func resume() { connection.resume(self) }
    func abandon() { connection.abandon(self) }
}
