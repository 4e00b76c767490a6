import MessageAuthentication

/// Which texts may be secrets.
package enum SecretPolicy {
    /// Bytes of an imported secret below which it is weak: HMAC-SHA256 wants a key as long as its digest (RFC 7518
    /// section 3.2).
    package static let minimumBytes = 32

    /// A sane bound for what a secret may be; longer ones are a wrong file.
    package static let maximumBytes = 4096

    /// A new secret: 64 lower-case hexadecimal characters, 256 random bits.
    package static func generate() -> String { Hexadecimal.text(SystemRandom.bytes(32)) }

    /// Checks the text of an imported secret, which is used as given: white space at its ends is not cut off.
    package static func check(_ text: String, allowWeak: Bool) throws(SecretRefusal) {
        let length = text.utf8.count
        if length == 0 { throw .empty }
        if length > maximumBytes { throw .tooLong(bytes: length) }
        if text.utf8.contains(0) { throw .containsNUL }
        if length < minimumBytes && !allowWeak { throw .weak(bytes: length) }
    }

    /// The last four characters, which a list shows; nothing of a secret so short that they would give it away.
    package static func last4(of text: String) -> String {
        text.utf8.count < 16 ? "" : String(text.suffix(4))
    }
}

/// Why a text may not be a secret, in words for an operator.
package enum SecretRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    case empty
    case containsNUL
    case tooLong(bytes: Int)
    case weak(bytes: Int)

    package var description: String {
        switch self {
        case .empty: "the secret is empty"
        case .containsNUL: "the secret contains a NUL character"
        case .tooLong(let bytes): "the secret has \(bytes) bytes; \(SecretPolicy.maximumBytes) are the most"
        case .weak(let bytes):
            "the secret has \(bytes) bytes; fewer than \(SecretPolicy.minimumBytes) are weak (--allow-weak takes it)"
        }
    }
}
