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

    /// Forgets at most `limit` tokens that have expired. Returns how many.
    func removeExpired(at moment: Double, limit: Int) throws -> Int {
        try connection.run(
            """
            DELETE FROM used_tokens WHERE (organization, digest) IN (
                SELECT organization, digest FROM used_tokens WHERE expires_at <= $1::float8 LIMIT $2
            )
            """, [moment, limit])
    }
}
