internal import MessageAuthentication

/// Seals what a browser keeps for the gateway between two requests: AES-256-GCM, so that nobody can read or change it,
/// or bring it back for another purpose or organization.
package struct PortalKey: Sendable {
    /// What a sealed value is for. One that was sealed for one purpose opens for no other.
    package enum Purpose: String, Sendable, CaseIterable {
        case signIn = "sign-in"
        case pending
    }

    /// The longest text that is opened, in characters.
    package static let maximumLength = 3072

    private static let label = "widget-gateway portal cookies 1"

    private let box: SecretBox

    /// Derives the key (HMAC-SHA256 of a label) from bytes that only the gateways of one installation know, at least
    /// 32 of them.
    package init(material: [UInt8]) {
        let key = HMACSHA256(key: material).code(of: Array(PortalKey.label.utf8))
        guard let box = try? SecretBox(masterKey: key) else { preconditionFailure("A code of HMAC-SHA256 is a key") }
        self.box = box
    }

    /// Base64url, fit for a cookie. Traps where OpenSSL is out of memory, as Swift itself does.
    package func seal(_ plaintext: [UInt8], purpose: Purpose, organization: String) -> String {
        let place = PortalKey.place(purpose, organization)
        guard let sealed = try? box.seal(plaintext, associatedData: place) else {
            preconditionFailure("OpenSSL is out of memory")
        }
        return Base64URL.text(sealed)
    }

    /// What `seal` was given, or nil where the text isn't the result of `seal` with this key, purpose and organization.
    package func open(_ sealed: some Collection<UInt8>, purpose: Purpose, organization: String) -> [UInt8]? {
        guard sealed.count <= PortalKey.maximumLength, let bytes = Base64URL.decode(sealed) else { return nil }
        return try? box.open(bytes, associatedData: PortalKey.place(purpose, organization))
    }

    /// What `seal` was given, or nil where the text isn't the result of `seal` with this key, purpose and organization.
    package func open(_ sealed: String, purpose: Purpose, organization: String) -> [UInt8]? {
        open(sealed.utf8, purpose: purpose, organization: organization)
    }

    private static func place(_ purpose: Purpose, _ organization: String) -> [UInt8] {
        Array(purpose.rawValue.utf8) + [0] + Array(organization.utf8)
    }
}
