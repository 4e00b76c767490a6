package import IdentityCore
package import UserDirectory

extension PostgresStore: UserCensus {
    package func users(
        of organization: String, search: String?, after cursor: String?, limit: Int
    ) async throws -> [DirectoryUser] {
        try await reading { connection in
            try connection.requireOrganization(organization)
            return try UserTable(connection: connection).users(
                organization: organization, search: search, after: cursor, limit: max(0, limit))
        }
    }

    package func user(_ reference: String, of organization: String) async throws -> DirectoryUser? {
        try await reading { try UserTable(connection: $0).user(reference, organization: organization) }
    }

    package func countUsers(of organization: String) async throws -> Int {
        try await reading { try UserTable(connection: $0).count(of: organization) }
    }

    package func usersCreated(in organization: String, since: Double) async throws -> Int {
        try await reading { connection in
            try connection.requireOrganization(organization)
            let row = try connection.row(
                "SELECT count(*) FROM users WHERE organization = $1 AND created_at >= $2::float8",
                [organization, since])
            return Int(try row?.integer(0) ?? 0)
        }
    }
}

/// The same within a transaction.
extension PostgresStore {
    static func setBlocked(
        _ blocked: Bool, user reference: String, of organization: String, _ connection: PostgresConnection,
        at moment: Double
    ) throws -> Bool {
        try changing(reference, of: organization, connection) { user in
            guard (user.blockedAt != nil) != blocked else { return false }
            try connection.run(
                "UPDATE users SET blocked_at = $1, updated_at = $2 WHERE organization = $3 AND id = $4",
                [blocked ? moment : nil, moment, organization, user.id])
            return true
        }
    }

    static func signOutEverywhere(
        user reference: String, of organization: String, before end: Double, _ connection: PostgresConnection,
        at moment: Double
    ) throws -> Bool {
        try changing(reference, of: organization, connection) { user in
            guard end > user.tokensValidAfter ?? -.infinity else { return false }
            try connection.run(
                "UPDATE users SET tokens_valid_after = $1, updated_at = $2 WHERE organization = $3 AND id = $4",
                [end, moment, organization, user.id])
            try SessionTable(connection: connection).end(user: user.id, of: organization, before: end)
            return true
        }
    }

    static func setRole(
        _ role: UserRole, user reference: String, of organization: String, _ connection: PostgresConnection,
        at moment: Double
    ) throws -> Bool {
        try changing(reference, of: organization, connection) { user in
            guard user.role != role else { return false }
            try connection.run(
                "UPDATE users SET role = $1, updated_at = $2 WHERE organization = $3 AND id = $4",
                [role.rawValue, moment, organization, user.id])
            return true
        }
    }

    static func deleteUser(
        _ reference: String, of organization: String, _ connection: PostgresConnection
    ) throws -> Bool {
        try changing(reference, of: organization, connection) { user in
            try connection.run("DELETE FROM users WHERE organization = $1 AND id = $2", [organization, user.id])
            return true
        }
    }

    /// Runs `change` for the user that `reference` names, while nobody else writes the organization's users; where it
    /// says that it changed something, the generation goes up, and with it the organization's own. Returns whether
    /// there is such a user.
    private static func changing(
        _ reference: String, of organization: String, _ connection: PostgresConnection,
        _ change: (DirectoryUser) throws -> Bool
    ) throws -> Bool {
        connection.lockUsers(of: [organization])
        guard let user = try UserTable(connection: connection).user(reference, organization: organization) else {
            return false
        }
        if try change(user) { try connection.bumpGeneration(of: organization) }
        return true
    }
}
