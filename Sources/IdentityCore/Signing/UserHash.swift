internal import MessageAuthentication

/// The user hash, as a customer's server makes it.
package enum UserHash {
    /// Lower-case hexadecimal of HMAC-SHA256, keyed with the UTF-8 text of the secret, over the user's id as text.
    package static func compute(secretText: String, id: String) -> String {
        Hexadecimal.text(HMACSHA256(secretText: secretText).code(of: Array(id.utf8)))
    }
}
