/// The tokens that have signed somebody in, in one transaction.
struct UsedTokenTable {
    let connection: PostgresConnection

    /// Marks a token as used; false where it was. Of two gateways that do so at once, one waits for the other.
    func use(_ digest: [UInt8], of organization: String, until expiry: Double) throws -> Bool {
        try connection.run(
            """
            INSERT INTO used_tokens (organization, digest, expires_at) VALUES ($1, $2, $3)
            ON CONFLICT DO NOTHING
            """, [organization, digest, expiry]) > 0
    }

    /// Forgets about `limit` that have expired, the oldest first. Returns how many; fewer than `limit` when none is left.
    func removeExpired(at moment: Double, limit: Int) throws -> Int {
        // In two statements: PostgreSQL reads the whole table where it doesn't know how few it is to look for.
        let oldest = try connection.row(
            """
            SELECT max(expires_at) FROM (
                SELECT expires_at FROM used_tokens WHERE expires_at <= $1::float8 ORDER BY expires_at LIMIT $2
            ) AS oldest
            """, [moment, limit])
        guard let last = try oldest?.doubleIfAny(0) else { return 0 }
        return try connection.run("DELETE FROM used_tokens WHERE expires_at <= $1::float8", [last])
    }
}
