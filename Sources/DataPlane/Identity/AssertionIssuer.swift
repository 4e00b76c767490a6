import IdentityCore
import MessageAuthentication

/// Signs assertions: by these the gateway tells an upstream who the user is, so that the upstream needn't trust the
/// network between them.
struct AssertionIssuer {
    let key: ES256SigningKey

    /// How long an assertion holds, in seconds.
    static let lifetime = 300.0
    static let issuer = "widget-gateway"

    /// A compact JWS (ES256) with `iss`, `aud`, `sub`, `org`, `profile`, `iat` and `exp`.
    func assertion(
        audience: String, subject: String, organization: String, profile: [UInt8], now: Double, expiresAt: Double
    ) -> String {
        var json = JSONText()
        json.object { json in
            json.member("iss", Self.issuer)
            json.member("aud", audience)
            json.member("sub", subject)
            json.member("org", organization)
            json.member("iat", Int(now))
            json.member("exp", Int(expiresAt))
            json.member("profile", raw: profile)
        }
        // A key that can't sign leaves the header out: the upstream then refuses, as it must.
        guard let signed = try? key.sign(payloadJSON: json.bytes) else { return "" }
        return String(decoding: signed, as: UTF8.self)
    }
}
