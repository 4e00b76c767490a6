import Foundation
import GRDB
import UserDirectory

/// The requests of administrators that may come twice, in one transaction.
struct EarlierRequestTable {
    let database: Database

    static let find = "SELECT digest, status, body FROM admin_requests WHERE actor = ? AND key = ? AND at > ?"
    static let forget = "DELETE FROM admin_requests WHERE at <= ?"

    func request(_ key: IdempotencyKey, at moment: Double) throws -> EarlierRequest? {
        try Row.fetchOne(
            database, sql: Self.find, arguments: [key.actor, key.key, moment - IdempotencyKey.lifetime]
        ).map { row in
            let digest: Data = row["digest"]
            return EarlierRequest(digest: Array(digest), status: row["status"], body: row["body"])
        }
    }

    /// Forgets those whose time is over, too.
    func remember(_ request: EarlierRequest, as key: IdempotencyKey, at moment: Double) throws {
        try database.execute(sql: Self.forget, arguments: [moment - IdempotencyKey.lifetime])
        try database.execute(
            sql: "INSERT INTO admin_requests (actor, key, digest, status, body, at) VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [key.actor, key.key, Data(request.digest), request.status, request.body, moment])
    }
}
