import MessageAuthentication

/// Random parts of ids.
package enum RandomIdentifier {
    /// 26 characters of Crockford's base32 in lower case: 130 random bits.
    package static func text() -> String {
        let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
        // One byte a character: 32 divides 256, so no letter is likelier than another.
        return String(decoding: SystemRandom.bytes(26).map { alphabet[Int($0 & 31)] }, as: UTF8.self)
    }
}
