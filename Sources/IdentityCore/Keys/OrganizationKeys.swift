internal import MessageAuthentication

/// A secret in the clear with its key id. Never log it.
package struct VerificationKeyText: Sendable, CustomStringConvertible {
    /// What a token's `kid` names.
    package let id: String
    /// The HMAC key is the UTF-8 of this text.
    package let text: String

    package init(id: String, text: String) {
        self.id = id
        self.text = text
    }

    package var description: String { "secret \(id)" }
}

/// The keyed MACs of one organization, for one worker.
package final class OrganizationKeys {
    /// How many keys of a purpose are tried at most.
    package static let maximumActive = 4

    let api: [VerificationKey]
    /// The same, without counting references, which would cost a verification as much as a compression of SHA-256: as
    /// good as this object is.
    let apiReferences: [Unmanaged<VerificationKey>]
    /// The keys of user hashes: those of their own, or the API keys where there are none.
    let userHash: [VerificationKey]

    /// Keys a MAC for each secret; only the first four of each purpose count. An empty secret, with which anybody
    /// could sign, gives no key.
    package init(api: [VerificationKeyText], userHash: [VerificationKeyText]) {
        self.api = OrganizationKeys.keys(api)
        apiReferences = self.api.map(Unmanaged.passUnretained)
        // What counts is whether hash secrets were given, not whether they are usable: an unusable one must not
        // quietly hand its job to the API secrets.
        self.userHash = userHash.isEmpty ? self.api : OrganizationKeys.keys(userHash)
    }

    private static func keys(_ texts: [VerificationKeyText]) -> [VerificationKey] {
        texts.lazy.filter { !$0.text.isEmpty }.prefix(maximumActive).map(VerificationKey.init)
    }
}

/// One keyed secret.
final class VerificationKey {
    let id: String
    let mac: HMACSHA256
    private let idBytes: [UInt8]

    init(_ secret: VerificationKeyText) {
        id = secret.id
        idBytes = Array(secret.id.utf8)
        mac = HMACSHA256(secretText: secret.text)
    }

    /// Whether a token's `kid` names this key.
    func isNamed(by kid: UnsafeRawBufferPointer) -> Bool {
        kid.count == idBytes.count && kid.elementsEqual(idBytes)
    }
}
