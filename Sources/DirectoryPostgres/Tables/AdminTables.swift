import MessageAuthentication
import UserDirectory

/// The admin tokens in one transaction.
struct AdminTokenTable {
    let connection: PostgresConnection

    private static let columns =
        "id, name, organization, read_only, created_at, expires_at, last_used_at, revoked_at, initial, digest"

    func token(digest: [UInt8]) throws -> AdminToken? {
        guard let row = try connection.row("SELECT \(Self.columns) FROM admin_tokens WHERE digest = $1", [digest])
        else { return nil }
        let isSame = try row.bytes(9).withUnsafeBytes { stored in
            digest.withUnsafeBytes { constantTimeEquals(stored, $0) }
        }
        return isSame ? try Self.token(row) : nil
    }

    func token(_ id: String) throws -> AdminToken? {
        try connection.row("SELECT \(Self.columns) FROM admin_tokens WHERE id = $1", [id]).map(Self.token)
    }

    func tokens(of organization: String?) throws -> [AdminToken] {
        try connection.rows(
            """
            SELECT \(Self.columns) FROM admin_tokens WHERE $1::text IS NULL OR organization = $1
            ORDER BY created_at, id
            """, [organization]
        ).map(Self.token)
    }

    var isEmpty: Bool {
        get throws { try connection.row("SELECT 1 FROM admin_tokens LIMIT 1") == nil }
    }

    func insert(_ token: AdminToken, digest: [UInt8]) throws {
        try connection.run(
            """
            INSERT INTO admin_tokens (id, name, organization, read_only, created_at, expires_at, initial, digest)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            [
                token.id, token.name, token.scope.organization, token.scope.isReadOnly, token.createdAt,
                token.expiresAt, token.isInitial, digest,
            ])
    }

    func revoke(_ id: String, at moment: Double) throws -> Bool {
        try connection.run(
            "UPDATE admin_tokens SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL", [moment, id]) > 0
    }

    func revokeInitial(at moment: Double) throws -> String? {
        try connection.row(
            "UPDATE admin_tokens SET revoked_at = $1 WHERE initial AND revoked_at IS NULL RETURNING id", [moment]
        )?.text(0)
    }

    func noteUse(_ id: String, at moment: Double) throws {
        try connection.run(
            """
            UPDATE admin_tokens SET last_used_at = $1
            WHERE id = $2 AND (last_used_at IS NULL OR last_used_at < $1::float8)
            """, [moment, id])
    }

    private static func token(_ row: PostgresRow) throws -> AdminToken {
        var token = AdminToken(
            id: try row.text(0), name: try row.text(1),
            scope: AdminScope(organization: row.textIfAny(2), isReadOnly: try row.bool(3)),
            createdAt: try row.double(4), expiresAt: try row.doubleIfAny(5), isInitial: try row.bool(8))
        token.lastUsedAt = try row.doubleIfAny(6)
        token.revokedAt = try row.doubleIfAny(7)
        return token
    }
}

/// The audit log in one transaction of operators, which is alone.
struct AuditTable {
    let connection: PostgresConnection

    func insert(_ entry: AuditEntry) throws {
        try connection.run(
            """
            INSERT INTO audit (seq, at, actor_kind, actor, actor_name, address, action, organization, subject, before,
                after)
            VALUES ((SELECT coalesce(max(seq), 0) + 1 FROM audit), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            """,
            [
                entry.at, entry.actor.kind.rawValue, entry.actor.id, entry.actor.name, entry.actor.address,
                entry.action, entry.organization, entry.subject, entry.before, entry.after,
            ])
    }

    func entries(_ filter: AuditFilter, before: Int64?, limit: Int) throws -> [AuditEntry] {
        var conditions = ["seq < $1::bigint"]
        var parameters: [(any PostgresConvertible)?] = [before ?? .max]
        func require(_ condition: String, _ value: (any PostgresConvertible)?) {
            guard let value else { return }
            parameters.append(value)
            conditions.append("\(condition) $\(parameters.count)")
        }
        require("organization =", filter.organization)
        require("subject =", filter.subject)
        require("actor =", filter.actor)
        require("action =", filter.action)
        require("at >=", filter.since)
        require("at <", filter.until)
        parameters.append(limit)
        return try connection.rows(
            """
            SELECT seq, at, actor_kind, actor, actor_name, address, action, organization, subject, before, after
            FROM audit WHERE \(conditions.joined(separator: " AND ")) ORDER BY seq DESC LIMIT $\(parameters.count)
            """, parameters
        ).map(Self.entry)
    }

    private static func entry(_ row: PostgresRow) throws -> AuditEntry {
        let actor = AuditEntry.Actor(
            // A kind that a later release added was somebody's command all the same.
            kind: AuditEntry.Kind(rawValue: try row.text(2)) ?? .commandLine, id: try row.text(3),
            name: try row.text(4), address: row.textIfAny(5))
        return AuditEntry(
            number: try row.integer(0), at: try row.double(1), actor: actor, action: try row.text(6),
            organization: row.textIfAny(7), subject: row.textIfAny(8), before: row.textIfAny(9),
            after: row.textIfAny(10))
    }
}

/// The requests of administrators that may come twice, in one transaction.
struct EarlierRequestTable {
    let connection: PostgresConnection

    func request(_ key: IdempotencyKey, at moment: Double) throws -> EarlierRequest? {
        try connection.row(
            "SELECT digest, status, body FROM admin_requests WHERE actor = $1 AND key = $2 AND at > $3::float8",
            [key.actor, key.key, moment - IdempotencyKey.lifetime]
        ).map { row in
            EarlierRequest(digest: try row.bytes(0), status: Int(try row.integer(1)), body: try row.text(2))
        }
    }

    /// Forgets those whose time is over, too.
    func remember(_ request: EarlierRequest, as key: IdempotencyKey, at moment: Double) throws {
        try connection.run(
            "DELETE FROM admin_requests WHERE at <= $1::float8", [moment - IdempotencyKey.lifetime])
        try connection.run(
            "INSERT INTO admin_requests (actor, key, digest, status, body, at) VALUES ($1, $2, $3, $4, $5, $6)",
            [key.actor, key.key, request.digest, request.status, request.body, moment])
    }
}
