/// The gateway's cookies of one request.
package struct PortalCookieValues: Sendable, Equatable {
    package static let none = PortalCookieValues()

    private var sessionCookie = Value.absent
    private var signInCookie = Value.absent
    private var pendingCookie = Value.absent

    private enum Value: Sendable, Equatable {
        case absent
        case present([UInt8])
        case contradicted

        var bytes: [UInt8]? {
            if case .present(let bytes) = self { bytes } else { nil }
        }

        mutating func add(_ bytes: [UInt8]) {
            switch self {
            case .absent: self = .present(bytes)
            case .present(let before): if before != bytes { self = .contradicted }
            case .contradicted: break
            }
        }
    }

    /// The value of the session's cookie, for `SessionID`; nil where there is none, or two that differ.
    package var session: [UInt8]? { sessionCookie.bytes }

    /// For `SignInTransaction`; nil where there is none, or two that differ.
    package var signIn: [UInt8]? { signInCookie.bytes }

    /// For `PendingSignIn`; nil where there is none, or two that differ.
    package var pending: [UInt8]? { pendingCookie.bytes }

    /// Whether there were two session cookies that differ: see `PortalCookies.clearedSessionOfEitherKind`.
    package var hasContradictingSessions: Bool { sessionCookie == .contradicted }

    mutating func add(_ name: PortalCookieName, _ value: [UInt8]) {
        switch name {
        case .session: sessionCookie.add(value)
        case .signIn: signInCookie.add(value)
        case .pending: pendingCookie.add(value)
        }
    }
}
