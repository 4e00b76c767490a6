import Foundation
import GRDB
import MessageAuthentication
import UserDirectory

/// The admin tokens in one transaction.
struct AdminTokenTable {
    let database: Database

    private static let columns =
        "id, name, organization, read_only, created_at, expires_at, last_used_at, revoked_at, initial, digest"

    static let byDigest = "SELECT \(columns) FROM admin_tokens WHERE digest = ?"
    static let byID = "SELECT \(columns) FROM admin_tokens WHERE id = ?"
    static let ofOrganization = """
        SELECT \(columns) FROM admin_tokens WHERE organization = ? ORDER BY created_at, id
        """
    static let all = "SELECT \(columns) FROM admin_tokens ORDER BY created_at, id"
    static let revoke = "UPDATE admin_tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL"
    static let noteUse = """
        UPDATE admin_tokens SET last_used_at = ? WHERE id = ? AND (last_used_at IS NULL OR last_used_at < ?)
        """

    func token(digest: [UInt8]) throws -> AdminToken? {
        let row = try Row.fetchOne(
            database.cachedStatement(sql: Self.byDigest), arguments: [Data(digest)])
        guard let row else { return nil }
        let stored: Data = row["digest"]
        let isSame = Array(stored).withUnsafeBytes { stored in
            digest.withUnsafeBytes { constantTimeEquals(stored, $0) }
        }
        return isSame ? Self.token(row) : nil
    }

    func token(_ id: String) throws -> AdminToken? {
        try Row.fetchOne(database, sql: Self.byID, arguments: [id]).map(Self.token)
    }

    func tokens(of organization: String?) throws -> [AdminToken] {
        let rows =
            if let organization {
                try Row.fetchAll(database, sql: Self.ofOrganization, arguments: [organization])
            } else {
                try Row.fetchAll(database, sql: Self.all)
            }
        return rows.map(Self.token)
    }

    var isEmpty: Bool {
        get throws { try Bool.fetchOne(database, sql: "SELECT NOT EXISTS (SELECT 1 FROM admin_tokens)") ?? false }
    }

    func insert(_ token: AdminToken, digest: [UInt8]) throws {
        try database.execute(
            sql: """
                INSERT INTO admin_tokens (id, name, organization, read_only, created_at, expires_at, initial, digest)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                token.id, token.name, token.scope.organization, token.scope.isReadOnly, token.createdAt,
                token.expiresAt, token.isInitial, Data(digest),
            ])
    }

    func revoke(_ id: String, at moment: Double) throws -> Bool {
        try database.execute(sql: Self.revoke, arguments: [moment, id])
        return database.changesCount > 0
    }

    func revokeInitial(at moment: Double) throws -> String? {
        try String.fetchOne(
            database,
            sql: "UPDATE admin_tokens SET revoked_at = ? WHERE initial = 1 AND revoked_at IS NULL RETURNING id",
            arguments: [moment])
    }

    private static func token(_ row: Row) -> AdminToken {
        var token = AdminToken(
            id: row["id"], name: row["name"],
            scope: AdminScope(organization: row["organization"], isReadOnly: row["read_only"]),
            createdAt: row["created_at"], expiresAt: row["expires_at"], isInitial: row["initial"])
        token.lastUsedAt = row["last_used_at"]
        token.revokedAt = row["revoked_at"]
        return token
    }
}
