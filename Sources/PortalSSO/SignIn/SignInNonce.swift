internal import MessageAuthentication

/// 128 random bits that bind a step of a sign-in to the browser that took the one before.
package struct SignInNonce: Sendable, Equatable {
    static let length = 16

    let bytes: [UInt8]

    package static func random() -> SignInNonce { SignInNonce(bytes: SystemRandom.bytes(length)) }

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// Base64url, 22 characters: what a form carries.
    package var text: String { Base64URL.text(bytes) }

    /// Whether `text`, from a request, is this nonce; in constant time.
    package func isWritten(as text: some Collection<UInt8>) -> Bool {
        guard text.count == 22, let candidate = Base64URL.decode(text) else { return false }
        return candidate.withUnsafeBytes { candidate in bytes.withUnsafeBytes { constantTimeEquals(candidate, $0) } }
    }
}
