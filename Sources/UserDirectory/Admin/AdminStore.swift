package import IdentityCore

/// Changes by administrators: each in one transaction with its entry in the audit log.
package protocol AdminStore: Sendable {
    /// Runs `body` alone among all writers. What it has done is durable when this returns; where it throws, nothing of
    /// it has happened, and the error is passed on.
    func administer<Value: Sendable>(
        _ body: @escaping @Sendable (any AdminTransaction) throws -> Value
    ) async throws -> Value
}

/// What an administrator's change is made of. Valid within `AdminStore.administer` alone.
///
/// Each function that changes something raises the generation (`OrganizationStore`) as the one of the same name in
/// `OrganizationStore`, `UserStore` and `SessionStore` does.
package protocol AdminTransaction {
    /// When the transaction began, in seconds since 1970.
    var moment: Double { get }

    func record(_ entry: AuditEntry) throws

    // MARK: Organizations

    func organization(_ id: String) throws -> OrganizationSettings?
    @discardableResult func put(_ settings: OrganizationSettings) throws -> Bool
    @discardableResult func deleteOrganization(_ id: String) throws -> Bool
    func countUsers(of organization: String) throws -> Int

    // MARK: Secrets

    /// All of them, revoked and ended ones too, the oldest first.
    func secrets(of organization: String) throws -> [SecretSummary]
    func addSecret(_ text: String, purpose: SecretPurpose, to organization: String) throws -> SecretSummary
    @discardableResult func revokeSecret(_ id: String, of organization: String) throws -> Bool
    /// Sets the first moment, in seconds since 1970, at which an active secret verifies nothing any more; nil: no end
    /// is planned. Returns false where there is no such active secret.
    @discardableResult func setEnd(_ end: Double?, ofSecret id: String, of organization: String) throws -> Bool

    // MARK: Sign-in

    func signInTests(of organization: String) throws -> SignInTests

    // MARK: Users

    /// Finds one user by directory id, else external id, else email.
    func user(_ reference: String, of organization: String) throws -> DirectoryUser?
    /// By directory id, as what follows.
    @discardableResult func setBlocked(_ blocked: Bool, user: String, of organization: String) throws -> Bool
    @discardableResult func signOutEverywhere(user: String, of organization: String, at moment: Double) throws -> Bool
    @discardableResult func setRole(_ role: UserRole, user: String, of organization: String) throws -> Bool
    @discardableResult func deleteUser(_ user: String, of organization: String) throws -> Bool
    func importUsers(_ profiles: [UserProfile], into organization: String) throws -> (created: Int, updated: Int)

    // MARK: Sessions

    @discardableResult func endSessions(of organization: String, _ selection: SessionSelection) throws -> Int

    // MARK: Admin tokens

    func adminToken(_ id: String) throws -> AdminToken?
    func add(_ token: AdminToken, digest: [UInt8]) throws
    @discardableResult func revokeAdminToken(_ id: String) throws -> Bool
    /// Revokes the token of the first start. Returns its id where it was active.
    func revokeInitialAdminToken() throws -> String?

    // MARK: Requests that may come twice

    func earlierRequest(_ key: IdempotencyKey) throws -> EarlierRequest?
    func remember(_ request: EarlierRequest, as key: IdempotencyKey) throws
}

/// Names a request that may be sent again: the key is the client's, and counts for one administrator alone.
package struct IdempotencyKey: Sendable, Hashable {
    /// How long a request is remembered, in seconds.
    package static let lifetime = 3600.0

    /// Whose: `AuditEntry.Actor.id`.
    package var actor: String
    package var key: String

    package init(actor: String, key: String) {
        self.actor = actor
        self.key = key
    }
}

/// What a request that was remembered asked, and how it was answered.
package struct EarlierRequest: Sendable, Equatable {
    /// SHA-256 over what was asked.
    package var digest: [UInt8]
    package var status: Int
    /// The answer's body without what is shown only once.
    package var body: String

    package init(digest: [UInt8], status: Int, body: String) {
        self.digest = digest
        self.status = status
        self.body = body
    }
}
