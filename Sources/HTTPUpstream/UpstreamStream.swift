import HTTP2Engine
import HTTPMessages

/// One request on an HTTP/2 connection to an upstream: what a whole connection is to HTTP/1.1.
final class UpstreamStream {
    let wire = HTTP2ClientStream()
    unowned let relay: Relay
    private unowned let connection: UpstreamHTTP2Connection
    /// False while the connection is still being made.
    var isSubmitted = false
    var sawResponse = false
    var deadline: UInt64 = 0
    /// Body bytes that the client hasn't made room for.
    var heldBack = 0
    /// Neither side hears of the other any more.
    var isOver = false

    init(_ relay: Relay, on connection: UpstreamHTTP2Connection) {
        self.relay = relay
        self.connection = connection
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

    func resume() { connection.resume(self) }
    func abandon() { connection.abandon(self) }
}
