import Foundation
import GRDB
import MessageAuthentication
import UserDirectory

/// The sessions in one transaction.
struct SessionTable {
    let database: Database

    private static let columns = "digest, organization, user, key_id, created_at, expires_at"

    static let byDigest = "SELECT \(columns) FROM sessions WHERE digest = ? AND organization = ?"
    static let insert = "INSERT INTO sessions (\(columns)) VALUES (?, ?, ?, ?, ?, ?)"
    static let extend = "UPDATE sessions SET expires_at = ? WHERE digest = ? AND organization = ? AND expires_at > ?"
    static let end = "DELETE FROM sessions WHERE digest = ? AND organization = ? RETURNING \(columns)"
    /// `+`: a condition that must not be taken for the one to search by.
    static let ofOrganization = """
        SELECT \(columns) FROM sessions
        WHERE organization = ? AND (created_at, digest) < (?, ?) AND +expires_at > ?
        ORDER BY created_at DESC, digest DESC LIMIT ?
        """
    static let ofUser = """
        SELECT \(columns) FROM sessions
        WHERE +organization = ? AND (created_at, digest) < (?, ?) AND +expires_at > ? AND user = ?
        ORDER BY created_at DESC, digest DESC LIMIT ?
        """
    static let endBefore = "DELETE FROM sessions WHERE user = ? AND created_at < ?"
    static let removeExpired = """
        DELETE FROM sessions WHERE digest IN (SELECT digest FROM sessions WHERE expires_at <= ? LIMIT ?)
        """

    func session(_ digest: SessionDigest, of organization: String) throws -> PortalSession? {
        let statement = try database.cachedStatement(sql: Self.byDigest)
        return try Row.fetchOne(statement, arguments: [Data(digest.bytes), organization]).map(Self.session)
    }

    func sessions(
        of organization: String, user: String?, after cursor: SessionCursor?, at moment: Double, limit: Int
    ) throws -> [PortalSession] {
        var arguments: StatementArguments = [
            organization, cursor?.createdAt ?? .infinity, Data(cursor?.digest ?? []), moment,
        ]
        if let user { arguments += [user] }
        let sql = user == nil ? Self.ofOrganization : Self.ofUser
        return try Row.fetchAll(database, sql: sql, arguments: arguments + [limit]).map(Self.session)
    }

    func insert(_ session: PortalSession) throws {
        try database.cachedStatement(sql: Self.insert).execute(arguments: [
            Data(session.digest.bytes), session.organization, session.user, session.keyID, session.createdAt,
            session.expiresAt,
        ])
    }

    func extend(_ digest: SessionDigest, of organization: String, until expiry: Double, at moment: Double) throws {
        try database.cachedStatement(sql: Self.extend)
            .execute(arguments: [expiry, Data(digest.bytes), organization, moment])
    }

    /// Returns what was there, expired or not.
    func end(_ digest: SessionDigest, of organization: String) throws -> PortalSession? {
        try Row.fetchOne(database, sql: Self.end, arguments: [Data(digest.bytes), organization]).map(Self.session)
    }

    /// Ends what `selection` names. Returns how many of them hadn't expired.
    func end(_ selection: SessionSelection, of organization: String, at moment: Double) throws -> Int {
        guard let found = Self.condition(selection) else { return 0 }
        let arguments = [organization] + found.arguments
        let count = try Int.fetchOne(
            database, sql: "SELECT COUNT(*) FROM sessions WHERE \(found.sql) AND +expires_at > ?",
            arguments: StatementArguments(arguments + [moment]))
        try database.execute(
            sql: "DELETE FROM sessions WHERE \(found.sql)", arguments: StatementArguments(arguments))
        return count ?? 0
    }

    /// Ends what a user began before `moment`.
    func end(user: String, before moment: Double) throws {
        try database.execute(sql: Self.endBefore, arguments: [user, moment])
    }

    /// Forgets at most `limit` sessions that have expired. Returns how many.
    func removeExpired(at moment: Double, limit: Int) throws -> Int {
        try database.execute(sql: Self.removeExpired, arguments: [moment, limit])
        return database.changesCount
    }

    /// The condition that finds a selection, with the arguments that follow the organization's; nil: it names nothing.
    static func condition(
        _ selection: SessionSelection
    ) -> (sql: String, arguments: [(any DatabaseValueConvertible)?])? {
        switch selection {
        case .all: return ("organization = ?", [])
        case .user(let id): return ("+organization = ? AND user = ?", [id])
        case .key(let id): return ("organization = ? AND key_id = ?", [id])
        case .session(let name):
            guard let bytes = Hexadecimal.decode(name), bytes.count == PortalSession.nameBytes else { return nil }
            let rest = Data(repeating: 0xFF, count: SessionDigest.byteCount - bytes.count)
            return ("+organization = ? AND digest BETWEEN ? AND ?", [Data(bytes), Data(bytes) + rest])
        }
    }

    private static func session(_ row: Row) -> PortalSession {
        let digest: Data = row[0]
        return PortalSession(
            digest: SessionDigest(bytes: Array(digest)), organization: row[1], user: row[2], keyID: row[3],
            createdAt: row[4], expiresAt: row[5])
    }
}
