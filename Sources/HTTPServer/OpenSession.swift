import HTTP2Engine
import HTTPMessages

/// The session of a connection, of either version of HTTP: owned, but not counted each time that it is asked.
///
/// Its owner keeps it until `close`, and doesn't close it from within a call.
struct OpenSession {
    private enum Version {
        case http1(Unmanaged<HTTP1ServerSession>)
        case http2(Unmanaged<HTTP2ServerSession>)
    }

    private let version: Version

    init(_ session: HTTP1ServerSession) { version = .http1(.passRetained(session)) }
    init(_ session: HTTP2ServerSession) { version = .http2(.passRetained(session)) }

    /// Lends the session until `body` returns. Both ways are compiled, each without a protocol's witness table.
    @inline(__always)
    func callAsFunction<Result>(_ body: (any ServerSession) -> Result) -> Result {
        switch version {
        case .http1(let session): session._withUnsafeGuaranteedRef { body($0) }
        case .http2(let session): session._withUnsafeGuaranteedRef { body($0) }
        }
    }

    /// Lets go of the session: nobody may ask it any more.
    func close() {
        switch version {
        case .http1(let session): session.release()
        case .http2(let session): session.release()
        }
    }
}
