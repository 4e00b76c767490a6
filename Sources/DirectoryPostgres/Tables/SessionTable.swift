import MessageAuthentication
import UserDirectory

/// The sessions in one transaction.
struct SessionTable {
    let connection: PostgresConnection

    private static let columns = "digest, organization, \"user\", key_id, created_at, expires_at"

    func session(_ digest: SessionDigest, of organization: String) throws -> PortalSession? {
        try connection.row(
            "SELECT \(Self.columns) FROM sessions WHERE organization = $1 AND digest = $2",
            [organization, digest.bytes]
        ).map(Self.session)
    }

    func sessions(
        of organization: String, user: String?, after cursor: SessionCursor?, at moment: Double, limit: Int
    ) throws -> [PortalSession] {
        var parameters: [(any PostgresConvertible)?] = [
            organization, cursor?.createdAt ?? .infinity, Array(cursor?.digest ?? []), moment, limit,
        ]
        if let user { parameters.append(user) }
        return try connection.rows(
            """
            SELECT \(Self.columns) FROM sessions
            WHERE organization = $1 AND (created_at, digest) < ($2::float8, $3::bytea) AND expires_at > $4::float8
                \(user == nil ? "" : "AND \"user\" = $6")
            ORDER BY created_at DESC, digest DESC LIMIT $5
            """, parameters
        ).map(Self.session)
    }

    func insert(_ session: PortalSession) throws {
        try connection.run(
            "INSERT INTO sessions (\(Self.columns)) VALUES ($1, $2, $3, $4, $5, $6)",
            [
                session.digest.bytes, session.organization, session.user, session.keyID, session.createdAt,
                session.expiresAt,
            ])
    }

    func extend(_ digest: SessionDigest, of organization: String, until expiry: Double, at moment: Double) throws {
        try connection.run(
            "UPDATE sessions SET expires_at = $1 WHERE organization = $2 AND digest = $3 AND expires_at > $4::float8",
            [expiry, organization, digest.bytes, moment])
    }

    /// Returns what was there, expired or not.
    func end(_ digest: SessionDigest, of organization: String) throws -> PortalSession? {
        try connection.row(
            "DELETE FROM sessions WHERE organization = $1 AND digest = $2 RETURNING \(Self.columns)",
            [organization, digest.bytes]
        ).map(Self.session)
    }

    /// Ends what `selection` names. Returns how many of them hadn't expired.
    func end(_ selection: SessionSelection, of organization: String, at moment: Double) throws -> Int {
        let (condition, parameters): (String, [(any PostgresConvertible)?])
        switch selection {
        case .all: (condition, parameters) = ("", [])
        case .user(let id): (condition, parameters) = ("AND \"user\" = $2", [id])
        case .key(let id): (condition, parameters) = ("AND key_id = $2", [id])
        case .session(let name):
            guard let bytes = Hexadecimal.decode(name), bytes.count == PortalSession.nameBytes else { return 0 }
            let last = bytes + [UInt8](repeating: 0xFF, count: SessionDigest.byteCount - bytes.count)
            (condition, parameters) = ("AND digest BETWEEN $2::bytea AND $3::bytea", [bytes, last])
        }
        return try connection.rows(
            "DELETE FROM sessions WHERE organization = $1 \(condition) RETURNING expires_at",
            [organization] + parameters
        ).count { try $0.double(0) > moment }
    }

    /// Ends what a user began before `moment`.
    func end(user: String, of organization: String, before moment: Double) throws {
        try connection.run(
            "DELETE FROM sessions WHERE organization = $1 AND \"user\" = $2 AND created_at < $3::float8",
            [organization, user, moment])
    }

    /// Forgets about `limit` that have expired, the oldest first. Returns how many; fewer than `limit` when none is left.
    func removeExpired(at moment: Double, limit: Int) throws -> Int {
        // In two statements: PostgreSQL reads the whole table where it doesn't know how few it is to look for.
        let oldest = try connection.row(
            """
            SELECT max(expires_at) FROM (
                SELECT expires_at FROM sessions WHERE expires_at <= $1::float8 ORDER BY expires_at LIMIT $2
            ) AS oldest
            """, [moment, limit])
        guard let last = try oldest?.doubleIfAny(0) else { return 0 }
        return try connection.run("DELETE FROM sessions WHERE expires_at <= $1::float8", [last])
    }

    private static func session(_ row: PostgresRow) throws -> PortalSession {
        PortalSession(
            digest: SessionDigest(bytes: try row.bytes(0)), organization: try row.text(1), user: try row.text(2),
            keyID: try row.text(3), createdAt: try row.double(4), expiresAt: try row.double(5))
    }
}
