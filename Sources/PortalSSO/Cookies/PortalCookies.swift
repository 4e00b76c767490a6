/// The three cookies of a portal: names and `Set-Cookie` values.
///
/// On `https`: `__Host-widget_session`, `__Host-widget_signin` and `__Host-widget_pending`, with `Secure`, `HttpOnly`,
/// `Path=/` and `SameSite=Lax`, or `SameSite=None; Partitioned` in portals that other sites show in frames. On `http`,
/// which is for loopback: the same without prefix and `Secure`, and always `SameSite=Lax`, since browsers take
/// `None` with `Secure` only.
package struct PortalCookies: Sendable {
    let isSecure: Bool
    private let isEmbedded: Bool

    /// - Parameter embedded: `SSOSettings.embedded`.
    package init(portal: PortalOrigin, embedded: Bool) {
        isSecure = portal.scheme == "https"
        isEmbedded = embedded && isSecure
    }

    /// - Parameter maxAge: in seconds.
    package func session(_ id: SessionID, maxAge: Int) -> String { set(.session, id.cookieValue, maxAge) }

    package func clearedSession() -> String { set(.session, "", 0) }

    /// - Parameter sealed: `SignInTransaction.sealed`.
    package func transaction(_ sealed: String) -> String {
        set(.signIn, sealed, Int(SignInTransaction.lifetime))
    }

    package func clearedTransaction() -> String { set(.signIn, "", 0) }

    /// - Parameter sealed: `PendingSignIn.sealed`.
    package func pending(_ sealed: String) -> String { set(.pending, sealed, Int(PendingSignIn.lifetime)) }

    package func clearedPending() -> String { set(.pending, "", 0) }

    /// Deletes session cookies of both kinds, partitioned and not. For the answer to a request whose cookies contradict
    /// each other, ahead of any `session(_:maxAge:)`: after `embedded` has been changed, a browser holds one of each, and
    /// sends both.
    package func clearedSessionOfEitherKind() -> [String] {
        guard isSecure else { return [clearedSession()] }
        return [set(.session, "", 0, isPartitioned: false), set(.session, "", 0, isPartitioned: true)]
    }

    /// As it stands in `Cookie` and `Set-Cookie`.
    package func name(_ name: PortalCookieName) -> String { name.text(isSecure: isSecure).description }

    private func set(_ name: PortalCookieName, _ value: String, _ maxAge: Int, isPartitioned: Bool? = nil) -> String {
        let attributes =
            if !isSecure {
                "SameSite=Lax"
            } else if isPartitioned ?? isEmbedded {
                "Secure; SameSite=None; Partitioned"
            } else {
                "Secure; SameSite=Lax"
            }
        return "\(self.name(name))=\(value); Path=/; Max-Age=\(max(0, maxAge)); HttpOnly; \(attributes)"
    }
}

/// The cookies by what they hold.
package enum PortalCookieName: Sendable, CaseIterable {
    /// A `SessionID`.
    case session
    /// A sealed `SignInTransaction`.
    case signIn
    /// A sealed `PendingSignIn`.
    case pending

    /// The cookie's name: with the prefix `__Host-`, which browsers take over `https` only, or without.
    package func text(isSecure: Bool) -> StaticString {
        switch self {
        case .session: isSecure ? "__Host-widget_session" : "widget_session"
        case .signIn: isSecure ? "__Host-widget_signin" : "widget_signin"
        case .pending: isSecure ? "__Host-widget_pending" : "widget_pending"
        }
    }
}
