import MessageAuthentication
import UserDirectory

/// The secrets in one transaction, sealed under the master key.
struct SecretTable {
    let connection: PostgresConnection
    let box: SecretBox

    private static let columns = "id, purpose, last4, created_at, last_used_at, revoked_at, valid_until"
    private static let isActive = "revoked_at IS NULL AND (valid_until IS NULL OR valid_until > $2)"

    /// The active secrets of organizations in the clear, by organization, oldest first.
    func active(of organizations: [String], at moment: Double) throws -> [String: [ActiveSecret]] {
        var found: [String: [ActiveSecret]] = [:]
        let rows = try connection.rows(
            """
            SELECT organization, id, purpose, sealed, valid_until FROM secrets
            WHERE organization = ANY ($1::text[]) AND \(Self.isActive) ORDER BY created_at, id
            """, [Texts(organizations), moment])
        for row in rows {
            // A purpose that a later release added is none of ours.
            guard let purpose = SecretPurpose(rawValue: try row.text(2)) else { continue }
            let (organization, id) = (try row.text(0), try row.text(1))
            let text = try open(
                try row.bytes(3), SealedPlace.secret(id, purpose: purpose.rawValue, organization: organization))
            found[organization, default: []].append(
                ActiveSecret(id: id, purpose: purpose, text: text, validUntil: try row.doubleIfAny(4)))
        }
        return found
    }

    /// Whether it is; until the transaction ends it can't be revoked.
    static func holdActive(
        _ id: String, of organization: String, at moment: Double, _ connection: PostgresConnection
    ) throws -> Bool {
        try connection.row(
            "SELECT 1 FROM secrets WHERE id = $1 AND \(isActive) AND organization = $3 FOR SHARE",
            [id, moment, organization]) != nil
    }

    func summaries(of organization: String) throws -> [SecretSummary] {
        try connection.rows(
            "SELECT \(Self.columns) FROM secrets WHERE organization = $1 ORDER BY created_at, id", [organization]
        ).compactMap { try Self.summary($0) }
    }

    func summary(_ id: String) throws -> SecretSummary? {
        try connection.row("SELECT \(Self.columns) FROM secrets WHERE id = $1", [id]).flatMap { try Self.summary($0) }
    }

    func insert(_ text: String, purpose: SecretPurpose, organization: String, at moment: Double) throws -> SecretSummary
    {
        let summary = SecretSummary(
            id: "key_" + RandomIdentifier.text(), purpose: purpose, last4: SecretPolicy.last4(of: text),
            createdAt: moment)
        let sealed = try box.seal(
            Array(text.utf8),
            associatedData: SealedPlace.secret(summary.id, purpose: purpose.rawValue, organization: organization))
        try connection.run(
            """
            INSERT INTO secrets (id, organization, purpose, sealed, last4, created_at) VALUES ($1, $2, $3, $4, $5, $6)
            """, [summary.id, organization, purpose.rawValue, sealed, summary.last4, moment])
        return summary
    }

    /// The oldest signing key, which is the one in use.
    func signingKey() throws -> SigningKeyMaterial? {
        guard let row = try connection.row("SELECT id, sealed FROM signing_keys ORDER BY created_at, id LIMIT 1")
        else { return nil }
        let id = try row.text(0)
        return SigningKeyMaterial(id: id, pem: try open(try row.bytes(1), SealedPlace.signingKey(id)))
    }

    func insertSigningKey(_ key: SigningKeyMaterial, at moment: Double) throws {
        let sealed = try box.seal(Array(key.pem.utf8), associatedData: SealedPlace.signingKey(key.id))
        try connection.run(
            "INSERT INTO signing_keys (id, sealed, created_at) VALUES ($1, $2, $3)", [key.id, sealed, moment])
    }

    /// Seals everything anew under the key of `other`. Returns how many secrets and keys that were.
    func seal(by other: SecretBox) throws -> Int {
        let secrets = try connection.rows("SELECT id, organization, purpose, sealed FROM secrets")
        for row in secrets {
            // As it is written there: a purpose that a later release added is sealed like the others.
            let place = SealedPlace.secret(
                try row.text(0), purpose: try row.text(2), organization: try row.text(1))
            let sealed = try other.seal(Array(try open(try row.bytes(3), place).utf8), associatedData: place)
            try connection.run("UPDATE secrets SET sealed = $1 WHERE id = $2", [sealed, try row.text(0)])
        }
        let keys = try connection.rows("SELECT id, sealed FROM signing_keys")
        for row in keys {
            let place = SealedPlace.signingKey(try row.text(0))
            let sealed = try other.seal(Array(try open(try row.bytes(1), place).utf8), associatedData: place)
            try connection.run("UPDATE signing_keys SET sealed = $1 WHERE id = $2", [sealed, try row.text(0)])
        }
        return secrets.count + keys.count
    }

    private func open(_ sealed: [UInt8], _ place: [UInt8]) throws -> String {
        do {
            return String(decoding: try box.open(sealed, associatedData: place), as: UTF8.self)
        } catch {
            throw StoreError.masterKeyWrong
        }
    }

    private static func summary(_ row: PostgresRow) throws -> SecretSummary? {
        guard let purpose = SecretPurpose(rawValue: try row.text(1)) else { return nil }
        var summary = SecretSummary(
            id: try row.text(0), purpose: purpose, last4: try row.text(2), createdAt: try row.double(3))
        summary.lastUsedAt = try row.doubleIfAny(4)
        summary.revokedAt = try row.doubleIfAny(5)
        summary.validUntil = try row.doubleIfAny(6)
        return summary
    }
}
