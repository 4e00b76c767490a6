internal import IdentityCore
internal import MessageAuthentication
package import UserDirectory

/// What a test of sign-in has tested: changes when the login page, the dialect or the keys do.
package enum SignInFingerprint {
    /// Lower-case hexadecimal of a SHA-256.
    ///
    /// - Parameter keyIDs: the ids of all secrets that verify tokens, in any order.
    package static func of(settings: OrganizationSettings, keyIDs: [String]) -> String {
        var message: [UInt8] = []
        for part in [settings.sso.loginURL ?? "", settings.dialect.rawValue] + Set(keyIDs).sorted() {
            // Lengths keep one list of parts from looking like another.
            message += Array("\(part.utf8.count):".utf8) + Array(part.utf8)
        }
        return Hexadecimal.text(SHA256Digest.of(message))
    }
}
