import GRDB
import UserDirectory

extension SQLiteStore: UserCensus {
    /// Reads the newest users until one is older: what it costs grows with the new ones alone.
    package func usersCreated(in organization: String, since: Double) async throws -> Int {
        try await reading { database in
            try Self.requireOrganization(organization, database)
            let moments = try Double.fetchCursor(
                database, sql: "SELECT created_at FROM users WHERE organization = ? ORDER BY seq DESC",
                arguments: [organization])
            var count = 0
            while let moment = try moments.next(), moment >= since { count += 1 }
            return count
        }
    }
}
