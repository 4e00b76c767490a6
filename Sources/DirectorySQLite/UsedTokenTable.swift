import Foundation
import GRDB

/// The tokens that have signed somebody in, in one transaction.
struct UsedTokenTable {
    let database: Database

    static let find = "SELECT 1 FROM used_tokens WHERE organization = ? AND digest = ?"
    static let insert = "INSERT INTO used_tokens (organization, digest, expires_at) VALUES (?, ?, ?)"
    static let removeExpired = """
        DELETE FROM used_tokens WHERE (organization, digest) IN (
            SELECT organization, digest FROM used_tokens WHERE expires_at <= ? LIMIT ?
        )
        """

    func contains(_ digest: [UInt8], of organization: String) throws -> Bool {
        let statement = try database.cachedStatement(sql: Self.find)
        return try Bool.fetchOne(statement, arguments: [organization, Data(digest)]) ?? false
    }

    func insert(_ digest: [UInt8], of organization: String, until expiry: Double) throws {
        try database.cachedStatement(sql: Self.insert).execute(arguments: [organization, Data(digest), expiry])
    }

    /// Forgets at most `limit` tokens that have expired. Returns how many.
    func removeExpired(at moment: Double, limit: Int) throws -> Int {
        try database.execute(sql: Self.removeExpired, arguments: [moment, limit])
        return database.changesCount
    }
}
