import IdentityCore
import MessageAuthentication
package import UserDirectory

extension PostgresStore: AdminStore, AdminTokenStore, AuditStore {
    package func administer<Value: Sendable>(
        _ body: @escaping @Sendable (any AdminTransaction) throws -> Value
    ) async throws -> Value {
        try await administering { [box, now] connection in
            try body(PostgresAdminTransaction(connection: connection, box: box, moment: now()))
        }
    }

    package func auditEntries(_ filter: AuditFilter, before: Int64?, limit: Int) async throws -> [AuditEntry] {
        try await reading { try AuditTable(connection: $0).entries(filter, before: before, limit: max(0, limit)) }
    }

    package func adminToken(digest: [UInt8]) async throws -> AdminToken? {
        try await reading { try AdminTokenTable(connection: $0).token(digest: digest) }
    }

    package func adminTokens(of organization: String?) async throws -> [AdminToken] {
        try await reading { try AdminTokenTable(connection: $0).tokens(of: organization) }
    }

    package func addInitialAdminToken(_ token: AdminToken, digest: [UInt8]) async throws -> Bool {
        guard try await reading({ try AdminTokenTable(connection: $0).isEmpty }) else { return false }
        let moment = now()
        return try await administering { connection in
            let table = AdminTokenTable(connection: connection)
            guard try table.isEmpty else { return false }
            try table.insert(token, digest: digest)
            try AuditTable(connection: connection).insert(
                AuditEntry(
                    at: moment, actor: AuditEntry.Actor(kind: .gateway, id: "", name: "first start", address: nil),
                    action: "admin_token.create", organization: nil, subject: token.id))
            return true
        }
    }

    package func recordAdminTokenUse(_ id: String, at moment: Double) async {
        // Only a hint for operators: a store that is busy may go without.
        try? await writing { try AdminTokenTable(connection: $0).noteUse(id, at: moment) }
    }
}

struct PostgresAdminTransaction: AdminTransaction {
    let connection: PostgresConnection
    let box: SecretBox
    let moment: Double

    func record(_ entry: AuditEntry) throws { try AuditTable(connection: connection).insert(entry) }

    func organization(_ id: String) throws -> OrganizationSettings? { try PostgresStore.organization(id, connection) }

    func put(_ settings: OrganizationSettings) throws -> Bool {
        try PostgresStore.put(settings, connection, at: moment)
    }

    func deleteOrganization(_ id: String) throws -> Bool { try PostgresStore.deleteOrganization(id, connection) }

    func countUsers(of organization: String) throws -> Int {
        try UserTable(connection: connection).count(of: organization)
    }

    func secrets(of organization: String) throws -> [SecretSummary] {
        try connection.requireOrganization(organization)
        return try secretTable.summaries(of: organization)
    }

    func addSecret(_ text: String, purpose: SecretPurpose, to organization: String) throws -> SecretSummary {
        try PostgresStore.addSecret(text, purpose: purpose, to: organization, secretTable, at: moment)
    }

    func revokeSecret(_ id: String, of organization: String) throws -> Bool {
        try PostgresStore.revokeSecret(id, of: organization, connection, at: moment)
    }

    func setEnd(_ end: Double?, ofSecret id: String, of organization: String) throws -> Bool {
        let changed = try connection.run(
            """
            UPDATE secrets SET valid_until = $1
            WHERE id = $2 AND organization = $3 AND revoked_at IS NULL
                AND (valid_until IS NULL OR valid_until > $4::float8)
            """, [end, id, organization, moment])
        guard changed > 0 else { return false }
        try connection.bumpGeneration(of: organization)
        return true
    }

    func signInTests(of organization: String) throws -> SignInTests {
        try PostgresStore.signInTests(of: organization, connection)
    }

    func user(_ reference: String, of organization: String) throws -> DirectoryUser? {
        try UserTable(connection: connection).user(reference, organization: organization)
    }

    func setBlocked(_ blocked: Bool, user: String, of organization: String) throws -> Bool {
        try PostgresStore.setBlocked(blocked, user: user, of: organization, connection, at: moment)
    }

    func signOutEverywhere(user: String, of organization: String, at moment: Double) throws -> Bool {
        try PostgresStore.signOutEverywhere(
            user: user, of: organization, before: moment, connection, at: self.moment)
    }

    func setRole(_ role: UserRole, user: String, of organization: String) throws -> Bool {
        try PostgresStore.setRole(role, user: user, of: organization, connection, at: moment)
    }

    func deleteUser(_ user: String, of organization: String) throws -> Bool {
        try PostgresStore.deleteUser(user, of: organization, connection)
    }

    func importUsers(_ profiles: [UserProfile], into organization: String) throws -> (created: Int, updated: Int) {
        try PostgresStore.importUsers(profiles, into: organization, connection, at: moment)
    }

    func endSessions(of organization: String, _ selection: SessionSelection) throws -> Int {
        try PostgresStore.endSessions(of: organization, selection, connection, at: moment)
    }

    func adminToken(_ id: String) throws -> AdminToken? { try AdminTokenTable(connection: connection).token(id) }

    func add(_ token: AdminToken, digest: [UInt8]) throws {
        if let organization = token.scope.organization { try connection.requireOrganization(organization) }
        try AdminTokenTable(connection: connection).insert(token, digest: digest)
    }

    func revokeAdminToken(_ id: String) throws -> Bool {
        try AdminTokenTable(connection: connection).revoke(id, at: moment)
    }

    func revokeInitialAdminToken() throws -> String? {
        try AdminTokenTable(connection: connection).revokeInitial(at: moment)
    }

    func earlierRequest(_ key: IdempotencyKey) throws -> EarlierRequest? {
        try EarlierRequestTable(connection: connection).request(key, at: moment)
    }

    func remember(_ request: EarlierRequest, as key: IdempotencyKey) throws {
        try EarlierRequestTable(connection: connection).remember(request, as: key, at: moment)
    }

    private var secretTable: SecretTable { SecretTable(connection: connection, box: box) }
}
