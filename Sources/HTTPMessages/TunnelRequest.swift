/// What a request asks its connection, or its stream, to become.
package enum TunnelRequest: Sendable {
    /// Nothing: it is a request like any other.
    case none
    /// A WebSocket: over HTTP/1.1 by an upgrade (RFC 6455, 4.1), over HTTP/2 by an extended CONNECT (RFC 8441).
    case webSocket
    /// An extended CONNECT for a protocol that isn't known here.
    case unknown
}
