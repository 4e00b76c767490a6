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

    @discardableResult
    package func setBlocked(_ blocked: Bool, user reference: String, of organization: String) async throws -> Bool {
        let moment = now()
        return try await changing(reference, of: organization) { user, database in
            guard (user.blockedAt != nil) != blocked else { return false }
            try database.execute(
                sql: UserTable.setBlocked, arguments: [blocked ? moment : nil, moment, user.id])
            return true
        }
    }

    /// An earlier moment than the present one changes nothing: what was refused stays refused.
    @discardableResult
    package func signOutEverywhere(
        user reference: String, of organization: String, at moment: Double
    ) async throws -> Bool {
        let changedAt = now()
        return try await changing(reference, of: organization) { user, database in
            guard moment > user.tokensValidAfter ?? -.infinity else { return false }
            try database.execute(
                sql: UserTable.setTokensValidAfter, arguments: [moment, changedAt, user.id])
            try SessionTable(database: database).end(user: user.id, before: moment)
            return true
        }
    }

    @discardableResult
    package func deleteUser(_ reference: String, of organization: String) async throws -> Bool {
        try await changing(reference, of: organization) { user, database in
            try database.execute(sql: UserTable.delete, arguments: [user.id])
            return true
        }
    }

    /// Matches as admission does, by the organization's own settings. Throws `StoreError.importRefused` for the first
    /// profile that can't be written, having written none.
    package func importUsers(
        _ profiles: [UserProfile], into organization: String
    ) async throws -> (created: Int, updated: Int) {
        let moment = now()
        return try await writing { database in
            guard let settings = try Self.organization(organization, database) else {
                throw StoreError.organizationUnknown(organization)
            }
            let table = UserTable(database: database)
            var created = 0
            var updated = 0
            for (index, profile) in profiles.enumerated() {
                let request = AdmissionRequest(
                    organization: organization, rule: settings.admissionRule, profile: profile, issuedAt: nil,
                    onlyIDVerified: false)
                switch try request.decideImport(table) {
                case .refuse(let code):
                    throw StoreError.importRefused(index: index, code: code.rawValue)
                case .keep:
                    break
                case .update(var user, _):
                    user.updatedAt = moment
                    try table.update(user)
                    updated += 1
                case .create(let profile, let unverified, _):
                    var user = DirectoryUser(id: DirectoryUser.newID(), profile: profile, createdAt: moment)
                    user.unverified = unverified
                    try table.insert(user, organization: organization)
                    created += 1
                }
            }
            return (created, updated)
        }
    }

    package func countUsers(of organization: String) async throws -> Int {
        try await reading { try Int.fetchOne($0, sql: UserTable.count, arguments: [organization]) ?? 0 }
    }

    /// Runs `change` for the user that `reference` names; where it says that it changed something, the generation goes
    /// up in the same transaction, and with it the organization's own. Returns whether there is such a user.
    private func changing(
        _ reference: String, of organization: String,
        _ change: @escaping @Sendable (DirectoryUser, Database) throws -> Bool
    ) async throws -> Bool {
        try await writing { database in
            guard let user = try UserTable(database: database).user(reference, organization: organization) else {
                return false
            }
            if try change(user, database) { try database.bumpGeneration(of: organization) }
            return true
        }
    }
}
