/// The durable record of organizations and their secrets: what operators change.
///
/// Each change bumps `generation` in the same transaction, so that a gateway that polls it misses nothing. A change
/// that concerns one organization's identities also raises that one's own (`StoredOrganization.generation`).
package protocol OrganizationStore: Sendable {
    /// Goes up with every change to organizations, secrets, signing keys, to a user's right to be let in (block, delete,
    /// sign out everywhere), or to a known user's role. Doesn't change with other admissions. Cheap enough to poll 10
    /// times a second.
    func generation() async throws -> Int64

    /// Every organization with its active secrets in the clear and its own generation, and the generation that this is
    /// a picture of: all of one moment. A secret that has come to its planned end isn't among them; one whose end is
    /// still to come is, and whoever keeps the picture drops it then (`ActiveSecret.validUntil`), as the generation
    /// doesn't tell of it.
    func loadAll() async throws -> StoredConfiguration

    /// What has changed since the store's generation was `generation`: the same picture as `loadAll`, of which only the
    /// organizations are read that concern a later change. What it costs doesn't grow with the others' settings.
    func load(changedSince generation: Int64) async throws -> StoredConfigurationChange

    func organization(_ id: String) async throws -> OrganizationSettings?
    func organizations() async throws -> [OrganizationSettings]

    /// Creates or replaces; refuses a host that another organization has (`StoreError.hostTaken`).
    /// Returns whether anything changed.
    @discardableResult
    func put(_ settings: OrganizationSettings) async throws -> Bool

    /// Deletes the organization with its secrets and users. Returns whether it existed.
    @discardableResult
    func deleteOrganization(_ id: String) async throws -> Bool

    func secrets(of organization: String) async throws -> [SecretSummary]

    /// Stores a secret's text; at most `maxActiveSecrets` active per purpose. Adding the very same active text again
    /// changes nothing and returns the one that is there.
    ///
    /// Throws `SecretRefusal` for a text that can be no secret at all; weak ones are the caller's to refuse.
    @discardableResult
    func addSecret(_ text: String, purpose: SecretPurpose, to organization: String) async throws -> SecretSummary

    /// Returns false where there is no such active secret.
    @discardableResult
    func revokeSecret(_ id: String, of organization: String) async throws -> Bool

    /// The ES256 key of assertions, as PKCS#8 PEM text with its key id; made and stored on first use.
    func assertionSigningKey() async throws -> SigningKeyMaterial

    /// Notes that these secrets verified something at `moment` (seconds since 1970), for `SecretSummary.lastUsedAt`.
    /// Doesn't change the generation, and is allowed to fail silently: call it now and then, not for each request.
    func recordSecretUse(_ ids: [String], at moment: Double) async
}

extension OrganizationStore {
    package func recordSecretUse(_ ids: [String], at moment: Double) async {}
}

package let maxActiveSecrets = 4

/// All that a gateway needs to verify and admit, at one moment.
package struct StoredConfiguration: Sendable {
    package var generation: Int64
    package var organizations: [StoredOrganization]

    package init(generation: Int64, organizations: [StoredOrganization]) {
        self.generation = generation
        self.organizations = organizations
    }
}

/// How a `StoredConfiguration` differs from an earlier one.
package struct StoredConfigurationChange: Sendable {
    /// Of which the change is a picture.
    package var generation: Int64
    /// Those whose own generation is later than the one that was asked about.
    package var changed: [StoredOrganization]
    /// Every organization that there is by now: one that isn't named was deleted.
    package var ids: Set<String>

    package init(generation: Int64, changed: [StoredOrganization], ids: Set<String>) {
        self.generation = generation
        self.changed = changed
        self.ids = ids
    }
}

package struct StoredOrganization: Sendable {
    package var settings: OrganizationSettings
    package var secrets: [ActiveSecret]

    /// The store's generation at the last change that concerns this organization's identities: its settings, its
    /// secrets, a user's right to be let in (block, unblock, delete, sign out everywhere), or a known user's role. What
    /// was verified and admitted under this number still holds while the number is the same.
    ///
    /// Only goes up, for an organization that was deleted and made again too. Several organizations can have the same
    /// number: what is remembered is this organization's by its id *and* this number, never by the number alone.
    package var generation: Int64

    package init(settings: OrganizationSettings, secrets: [ActiveSecret], generation: Int64 = 0) {
        self.settings = settings
        self.secrets = secrets
        self.generation = generation
    }
}

/// A secret in the clear. Deliberately not `CustomStringConvertible`-friendly: never log it.
package struct ActiveSecret: Sendable, CustomStringConvertible {
    /// The key id: what a token's `kid` names.
    package let id: String
    package let purpose: SecretPurpose
    /// The HMAC key is the UTF-8 of this text.
    package let text: String
    /// The first moment, in seconds since 1970, at which it verifies nothing any more; nil: no end is planned.
    package let validUntil: Double?

    package init(id: String, purpose: SecretPurpose, text: String, validUntil: Double? = nil) {
        self.id = id
        self.purpose = purpose
        self.text = text
        self.validUntil = validUntil
    }

    package var description: String { "secret \(id)" }
}

package enum SecretPurpose: String, Sendable, CaseIterable, Codable {
    /// Signs user tokens, and user hashes where no separate hash secret is set.
    case api
    /// Only user hashes.
    case userHash = "user_hash"
}

/// What may be shown of a secret.
package struct SecretSummary: Sendable, Equatable, Codable {
    package var id: String
    package var purpose: SecretPurpose
    package var last4: String
    /// Seconds since 1970.
    package var createdAt: Double
    package var lastUsedAt: Double?
    package var revokedAt: Double?
    /// The first moment at which it verifies nothing any more; nil: no end is planned.
    package var validUntil: Double?

    /// Whether it verifies anything at `moment`, in seconds since 1970.
    package func isActive(at moment: Double) -> Bool {
        revokedAt == nil && validUntil.map { moment < $0 } ?? true
    }

    package init(id: String, purpose: SecretPurpose, last4: String, createdAt: Double) {
        self.id = id
        self.purpose = purpose
        self.last4 = last4
        self.createdAt = createdAt
    }
}

package struct SigningKeyMaterial: Sendable {
    package let id: String
    package let pem: String

    package init(id: String, pem: String) {
        self.id = id
        self.pem = pem
    }
}
