import GRDB
import IdentityCore
import MessageAuthentication
package import UserDirectory

extension SQLiteStore: AdminStore, AdminTokenStore, AuditStore {
    package func administer<Value: Sendable>(
        _ body: @escaping @Sendable (any AdminTransaction) throws -> Value
    ) async throws -> Value {
        try await writing { [box, now] database in
            try body(SQLiteAdminTransaction(database: database, box: box, moment: now()))
        }
    }

    package func auditEntries(_ filter: AuditFilter, before: Int64?, limit: Int) async throws -> [AuditEntry] {
        try await reading { try AuditTable(database: $0).entries(filter, before: before, limit: max(0, limit)) }
    }

    package func adminToken(digest: [UInt8]) async throws -> AdminToken? {
        try await reading { try AdminTokenTable(database: $0).token(digest: digest) }
    }

    package func adminTokens(of organization: String?) async throws -> [AdminToken] {
        try await reading { try AdminTokenTable(database: $0).tokens(of: organization) }
    }

    package func addInitialAdminToken(_ token: AdminToken, digest: [UInt8]) async throws -> Bool {
        guard try await reading({ try AdminTokenTable(database: $0).isEmpty }) else { return false }
        let moment = now()
        return try await writing { database in
            let table = AdminTokenTable(database: database)
            guard try table.isEmpty else { return false }
            try table.insert(token, digest: digest)
            try AuditTable(database: database).insert(
                AuditEntry(
                    at: moment, actor: AuditEntry.Actor(kind: .gateway, id: "", name: "first start", address: nil),
                    action: "admin_token.create", organization: nil, subject: token.id))
            return true
        }
    }

    package func recordAdminTokenUse(_ id: String, at moment: Double) async {
        // Only a hint for operators: a store that is busy may go without.
        try? await writing { try $0.execute(sql: AdminTokenTable.noteUse, arguments: [moment, id, moment]) }
    }
}

struct SQLiteAdminTransaction: AdminTransaction {
    let database: Database
    let box: SecretBox
    let moment: Double

    func record(_ entry: AuditEntry) throws { try AuditTable(database: database).insert(entry) }

    func organization(_ id: String) throws -> OrganizationSettings? { try SQLiteStore.organization(id, database) }

    func put(_ settings: OrganizationSettings) throws -> Bool {
        try SQLiteStore.put(settings, database, at: moment)
    }

    func deleteOrganization(_ id: String) throws -> Bool { try SQLiteStore.deleteOrganization(id, database) }

    func countUsers(of organization: String) throws -> Int {
        try Int.fetchOne(database, sql: UserTable.count, arguments: [organization]) ?? 0
    }

    func secrets(of organization: String) throws -> [SecretSummary] {
        try SQLiteStore.requireOrganization(organization, database)
        return try secretTable.summaries(of: organization)
    }

    func addSecret(_ text: String, purpose: SecretPurpose, to organization: String) throws -> SecretSummary {
        try SQLiteStore.addSecret(text, purpose: purpose, to: organization, secretTable, at: moment)
    }

    func revokeSecret(_ id: String, of organization: String) throws -> Bool {
        try SQLiteStore.revokeSecret(id, of: organization, database, at: moment)
    }

    func setEnd(_ end: Double?, ofSecret id: String, of organization: String) throws -> Bool {
        guard try SecretTable.isActive(id, of: organization, at: moment, database) else { return false }
        try database.execute(sql: "UPDATE secrets SET valid_until = ? WHERE id = ?", arguments: [end, id])
        try database.bumpGeneration(of: organization)
        return true
    }

    func signInTests(of organization: String) throws -> SignInTests {
        try SQLiteStore.signInTests(of: organization, database)
    }

    func user(_ reference: String, of organization: String) throws -> DirectoryUser? {
        try UserTable(database: database).user(reference, organization: organization)
    }

    func setBlocked(_ blocked: Bool, user: String, of organization: String) throws -> Bool {
        try SQLiteStore.setBlocked(blocked, user: user, of: organization, database, at: moment)
    }

    func signOutEverywhere(user: String, of organization: String, at moment: Double) throws -> Bool {
        try SQLiteStore.signOutEverywhere(user: user, of: organization, before: moment, database, at: self.moment)
    }

    func setRole(_ role: UserRole, user: String, of organization: String) throws -> Bool {
        try SQLiteStore.changing(user, of: organization, database) { user in
            guard user.role != role else { return false }
            try database.execute(sql: UserTable.setRole, arguments: [role.rawValue, moment, user.id])
            return true
        }
    }

    func deleteUser(_ user: String, of organization: String) throws -> Bool {
        try SQLiteStore.deleteUser(user, of: organization, database)
    }

    func importUsers(_ profiles: [UserProfile], into organization: String) throws -> (created: Int, updated: Int) {
        try SQLiteStore.importUsers(profiles, into: organization, database, at: moment)
    }

    func endSessions(of organization: String, _ selection: SessionSelection) throws -> Int {
        try SQLiteStore.endSessions(of: organization, selection, database, at: moment)
    }

    func adminToken(_ id: String) throws -> AdminToken? { try AdminTokenTable(database: database).token(id) }

    func add(_ token: AdminToken, digest: [UInt8]) throws {
        if let organization = token.scope.organization {
            try SQLiteStore.requireOrganization(organization, database)
        }
        try AdminTokenTable(database: database).insert(token, digest: digest)
    }

    func revokeAdminToken(_ id: String) throws -> Bool {
        try AdminTokenTable(database: database).revoke(id, at: moment)
    }

    func revokeInitialAdminToken() throws -> String? {
        try AdminTokenTable(database: database).revokeInitial(at: moment)
    }

    func earlierRequest(_ key: IdempotencyKey) throws -> EarlierRequest? {
        try EarlierRequestTable(database: database).request(key, at: moment)
    }

    func remember(_ request: EarlierRequest, as key: IdempotencyKey) throws {
        try EarlierRequestTable(database: database).remember(request, as: key, at: moment)
    }

    private var secretTable: SecretTable { SecretTable(database: database, box: box) }
}
