import GRDB
import MessageAuthentication
package import UserDirectory

extension SQLiteStore {
    package func secrets(of organization: String) async throws -> [SecretSummary] {
        try await reading { [box] database in
            try Self.requireOrganization(organization, database)
            return try SecretTable(database: database, box: box).summaries(of: organization)
        }
    }

    /// Throws `SecretRefusal` for a text that can be no secret at all.
    static func addSecret(
        _ text: String, purpose: SecretPurpose, to organization: String, _ table: SecretTable, at moment: Double
    ) throws -> SecretSummary {
        try SecretPolicy.check(text, allowWeak: true)
        try requireOrganization(organization, table.database)
        let active = try table.active(of: organization, at: moment).filter { $0.purpose == purpose }
        if let same = active.first(where: { sameBytes($0.text, text) }), let summary = try table.summary(same.id) {
            return summary
        }
        guard active.count < maxActiveSecrets else { throw StoreError.tooManySecrets(limit: maxActiveSecrets) }
        let summary = try table.insert(text, purpose: purpose, organization: organization, at: moment)
        try table.database.bumpGeneration(of: organization)
        return summary
    }

    static func revokeSecret(
        _ id: String, of organization: String, _ database: Database, at moment: Double
    ) throws -> Bool {
        guard try SecretTable.isActive(id, of: organization, at: moment, database) else { return false }
        try database.execute(sql: "UPDATE secrets SET revoked_at = ? WHERE id = ?", arguments: [moment, id])
        try database.bumpGeneration(of: organization)
        return true
    }

    package func recordSecretUse(_ ids: [String], at moment: Double) async {
        // Only a hint for operators: a store that is busy may go without.
        try? await writing { database in
            for id in Set(ids) {
                try database.execute(
                    sql:
                        "UPDATE secrets SET last_used_at = ? WHERE id = ? AND (last_used_at IS NULL OR last_used_at < ?)",
                    arguments: [moment, id, moment])
            }
        }
    }

    package func assertionSigningKey() async throws -> SigningKeyMaterial {
        let stored = try await reading { [box] in try SecretTable(database: $0, box: box).signingKey() }
        if let stored { return stored }
        let moment = now()
        return try await writing { [box] database in
            let table = SecretTable(database: database, box: box)
            // Another process may have been first.
            if let stored = try table.signingKey() { return stored }
            let key = try ES256SigningKey()
            let material = SigningKeyMaterial(id: key.id, pem: try key.pem())
            try table.insertSigningKey(material, at: moment)
            try database.bumpGeneration(of: nil)
            return material
        }
    }

    static func requireOrganization(_ id: String, _ database: Database) throws {
        let known = try Bool.fetchOne(
            database, sql: "SELECT EXISTS (SELECT 1 FROM organizations WHERE id = ?)", arguments: [id])
        guard known == true else { throw StoreError.organizationUnknown(id) }
    }
}
