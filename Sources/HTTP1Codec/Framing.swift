/// How the end of a body is known (RFC 9112, 6.3).
package enum BodyFraming: Equatable, Sendable {
    /// No body. `Content-Length: 0` is this too.
    case none
    /// So many bytes, at least one.
    case length(Int)
    case chunked
    /// Until the connection closes: responses only.
    case untilClose
}

/// What a request's head says about its connection and body.
package struct RequestFraming: Equatable, Sendable {
    package var body: BodyFraming
    /// Whether the client wants to send another request on this connection.
    package var keepAlive: Bool
    /// `Expect: 100-continue` on HTTP/1.1: the client may wait for a 100 before it sends the body.
    package var expectsContinue: Bool
    /// Any other `Expect` on HTTP/1.1: 417 is the answer, or it may be passed over (RFC 9110, 10.1.1).
    package var hasUnknownExpectation: Bool
    /// HTTP/1.1; else 1.0, whose client understands neither chunks nor interim responses.
    package var version11: Bool
    /// An `Upgrade` field that `Connection` names, on HTTP/1.1.
    package var upgradeRequested: Bool
}

/// What a response's head says about its connection and body.
package struct ResponseFraming: Equatable, Sendable {
    package var body: BodyFraming
    /// Whether the connection may be used again once the body has ended.
    package var keepAlive: Bool
    package var version11: Bool

    /// A 101's: what follows isn't HTTP, and lasts as long as the connection.
    package static let switched = ResponseFraming(body: .untilClose, keepAlive: false, version11: true)
}
