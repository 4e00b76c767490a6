internal import MessageAuthentication
package import UserDirectory

/// The id of a portal session: 256 random bits that its browser alone knows. The directory keeps its digest.
package struct SessionID: Sendable, Equatable, CustomStringConvertible {
    /// The length of a cookie's value in characters.
    package static let length = 43

    /// What stands in the cookie: base64url. Never in a log.
    package let cookieValue: String

    /// A new id: every sign-in makes one, so that no id from before a sign-in is worth anything after it.
    package static func random() -> SessionID { SessionID(text: Base64URL.text(SystemRandom.bytes(32))) }

    /// Reads a cookie's value; nil where it isn't the one spelling of 32 bytes.
    package init?(cookieValue: some Collection<UInt8>) {
        guard cookieValue.count == SessionID.length, Base64URL.decode(cookieValue) != nil else { return nil }
        self.init(text: String(decoding: cookieValue, as: UTF8.self))
    }

    private init(text: String) { cookieValue = text }

    /// What the directory knows the session by: SHA-256 of the cookie's value.
    package var digest: SessionDigest { SessionDigest(bytes: SHA256Digest.of(Array(cookieValue.utf8))) }

    /// Without the id: this is what a log would show.
    package var description: String { "SessionID(…)" }
}
