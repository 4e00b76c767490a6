import GRDB
package import IdentityCore
package import UserDirectory

extension SQLiteStore {
    package func users(
        of organization: String, search: String?, after cursor: String?, limit: Int
    ) async throws -> [DirectoryUser] {
        try await reading { database in
            try Self.requireOrganization(organization, database)
            return try UserTable(database: database).users(
                organization: organization, search: search, after: cursor, limit: max(0, limit))
        }
    }

    package func user(_ reference: String, of organization: String) async throws -> DirectoryUser? {
        try await reading { try UserTable(database: $0).user(reference, organization: organization) }
    }

    package func countUsers(of organization: String) async throws -> Int {
        try await reading { try Int.fetchOne($0, sql: UserTable.count, arguments: [organization]) ?? 0 }
    }
}

/// The same within a transaction.
extension SQLiteStore {
    static func setBlocked(
        _ blocked: Bool, user reference: String, of organization: String, _ database: Database, at moment: Double
    ) throws -> Bool {
        try changing(reference, of: organization, database) { user in
            guard (user.blockedAt != nil) != blocked else { return false }
            try database.execute(sql: UserTable.setBlocked, arguments: [blocked ? moment : nil, moment, user.id])
            return true
        }
    }

    static func signOutEverywhere(
        user reference: String, of organization: String, before end: Double, _ database: Database, at moment: Double
    ) throws -> Bool {
        try changing(reference, of: organization, database) { user in
            guard end > user.tokensValidAfter ?? -.infinity else { return false }
            try database.execute(sql: UserTable.setTokensValidAfter, arguments: [end, moment, user.id])
            try SessionTable(database: database).end(user: user.id, before: end)
            return true
        }
    }

    static func deleteUser(_ reference: String, of organization: String, _ database: Database) throws -> Bool {
        try changing(reference, of: organization, database) { user in
            try database.execute(sql: UserTable.delete, arguments: [user.id])
            return true
        }
    }

    static func importUsers(
        _ profiles: [UserProfile], into organization: String, _ database: Database, at moment: Double
    ) throws -> (created: Int, updated: Int) {
        guard let settings = try Self.organization(organization, database) else {
            throw StoreError.organizationUnknown(organization)
        }
        var table = UserTable(database: database)
        return try table.importUsers(profiles, into: settings, at: moment)
    }

    /// Runs `change` for the user that `reference` names; where it says that it changed something, the generation goes
    /// up in the same transaction, and with it the organization's own. Returns whether there is such a user.
    static func changing(
        _ reference: String, of organization: String, _ database: Database,
        _ change: (DirectoryUser) throws -> Bool
    ) throws -> Bool {
        guard let user = try UserTable(database: database).user(reference, organization: organization) else {
            return false
        }
        if try change(user) { try database.bumpGeneration(of: organization) }
        return true
    }
}
