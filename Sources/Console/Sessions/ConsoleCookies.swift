import ControlPlane

/// The cookie that a signed-in browser is known by.
///
/// Over TLS its name begins with `__Host-`, so that no other host can plant it (RFC 6265bis, 4.1.3.2). Browsers refuse
/// that name on cleartext loopback, where it goes without.
struct ConsoleCookies: Sendable {
    private static let valueLength = 43

    let isSecure: Bool

    private var name: String { isSecure ? "__Host-widget_console" : "widget_console" }

    /// The value of the only such cookie; nil where there is none, or several, or it can't be one of ours.
    func session(of request: AdminRequest) -> String? {
        var found: String?
        for field in request.fields where field.name == "cookie" {
            for pair in field.value.split(separator: ";") {
                let parts = pair.drop { $0 == " " }.split(
                    separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, parts[0] == name else { continue }
                guard found == nil else { return nil }
                found = String(parts[1])
            }
        }
        guard let found, found.utf8.count == Self.valueLength else { return nil }
        return found
    }

    /// `Set-Cookie` for a session that begins. Without an age: it ends with the browser, or when the session does.
    func field(_ value: String) -> String { "\(name)=\(value)\(attributes)" }

    var removal: String { "\(name)=\(attributes); Max-Age=0" }

    private var attributes: String { "; Path=/; HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : "") }
}
