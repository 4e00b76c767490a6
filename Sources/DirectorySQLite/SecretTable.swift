import Foundation
import GRDB
import MessageAuthentication
import UserDirectory

/// The secrets in one transaction, sealed under the master key.
struct SecretTable {
    let database: Database
    let box: SecretBox

    /// The active secrets of an organization in the clear, oldest first.
    func active(of organization: String, at moment: Double) throws -> [ActiveSecret] {
        try Row.fetchAll(
            database.cachedStatement(sql: Self.active), arguments: [organization, moment]
        ).compactMap { row in
            // A purpose that a later release added is none of ours.
            guard let purpose = SecretPurpose(rawValue: row["purpose"]) else { return nil }
            let id: String = row["id"]
            let sealed: Data = row["sealed"]
            let text = try open(sealed, SealedPlace.secret(id, purpose: purpose.rawValue, organization: organization))
            return ActiveSecret(id: id, purpose: purpose, text: text, validUntil: row["valid_until"])
        }
    }

    static let active = """
        SELECT id, purpose, sealed, valid_until FROM secrets
        WHERE organization = ? AND revoked_at IS NULL AND (valid_until IS NULL OR valid_until > ?)
        ORDER BY created_at, id
        """
    static let isActive = """
        SELECT 1 FROM secrets
        WHERE id = ? AND organization = ? AND revoked_at IS NULL AND (valid_until IS NULL OR valid_until > ?)
        """

    static func isActive(
        _ id: String, of organization: String, at moment: Double, _ database: Database
    ) throws -> Bool {
        try Bool.fetchOne(database, sql: isActive, arguments: [id, organization, moment]) ?? false
    }

    func summaries(of organization: String) throws -> [SecretSummary] {
        try Row.fetchAll(
            database, sql: "SELECT * FROM secrets WHERE organization = ? ORDER BY created_at, id",
            arguments: [organization]
        ).compactMap(Self.summary)
    }

    func summary(_ id: String) throws -> SecretSummary? {
        try Row.fetchOne(database, sql: "SELECT * FROM secrets WHERE id = ?", arguments: [id]).flatMap(Self.summary)
    }

    func insert(_ text: String, purpose: SecretPurpose, organization: String, at moment: Double) throws -> SecretSummary
    {
        let summary = SecretSummary(
            id: "key_" + RandomIdentifier.text(), purpose: purpose, last4: SecretPolicy.last4(of: text),
            createdAt: moment)
        let sealed = try box.seal(
            Array(text.utf8),
            associatedData: SealedPlace.secret(summary.id, purpose: purpose.rawValue, organization: organization))
        try database.execute(
            sql: """
                INSERT INTO secrets (id, organization, purpose, sealed, last4, created_at) VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [summary.id, organization, purpose.rawValue, Data(sealed), summary.last4, moment])
        return summary
    }

    /// The oldest signing key, which is the one in use.
    func signingKey() throws -> SigningKeyMaterial? {
        let row = try Row.fetchOne(
            database, sql: "SELECT id, sealed FROM signing_keys ORDER BY created_at, id LIMIT 1")
        guard let row else { return nil }
        let id: String = row["id"]
        let sealed: Data = row["sealed"]
        return SigningKeyMaterial(id: id, pem: try open(sealed, SealedPlace.signingKey(id)))
    }

    func insertSigningKey(_ key: SigningKeyMaterial, at moment: Double) throws {
        let sealed = try box.seal(Array(key.pem.utf8), associatedData: SealedPlace.signingKey(key.id))
        try database.execute(
            sql: "INSERT INTO signing_keys (id, sealed, created_at) VALUES (?, ?, ?)",
            arguments: [key.id, Data(sealed), moment])
    }

    /// Seals everything anew under the key of `other`. Returns how many secrets and keys that were.
    func seal(by other: SecretBox) throws -> Int {
        let secrets = try Row.fetchAll(database, sql: "SELECT id, organization, purpose, sealed FROM secrets")
        for row in secrets {
            let id: String = row["id"]
            // As it is written there: a purpose that a later release added is sealed like the others.
            let place = SealedPlace.secret(id, purpose: row["purpose"], organization: row["organization"])
            let sealed = try other.seal(Array(try open(row["sealed"], place).utf8), associatedData: place)
            try database.execute(
                sql: "UPDATE secrets SET sealed = ? WHERE id = ?", arguments: [Data(sealed), id])
        }
        let keys = try Row.fetchAll(database, sql: "SELECT id, sealed FROM signing_keys")
        for row in keys {
            let id: String = row["id"]
            let place = SealedPlace.signingKey(id)
            let sealed = try other.seal(Array(try open(row["sealed"], place).utf8), associatedData: place)
            try database.execute(
                sql: "UPDATE signing_keys SET sealed = ? WHERE id = ?", arguments: [Data(sealed), id])
        }
        return secrets.count + keys.count
    }

    private func open(_ sealed: Data, _ place: [UInt8]) throws -> String {
        do {
            return String(decoding: try box.open(Array(sealed), associatedData: place), as: UTF8.self)
        } catch {
            throw StoreError.masterKeyWrong
        }
    }

    private static func summary(_ row: Row) -> SecretSummary? {
        guard let purpose = SecretPurpose(rawValue: row["purpose"]) else { return nil }
        var summary = SecretSummary(
            id: row["id"], purpose: purpose, last4: row["last4"], createdAt: row["created_at"])
        summary.lastUsedAt = row["last_used_at"]
        summary.revokedAt = row["revoked_at"]
        summary.validUntil = row["valid_until"]
        return summary
    }
}
