import MessageAuthentication
package import UserDirectory

extension PostgresStore: MasterKeyRotation {
    package func secrets(of organization: String) async throws -> [SecretSummary] {
        try await reading { [box] connection in
            try connection.requireOrganization(organization)
            return try SecretTable(connection: connection, box: box).summaries(of: organization)
        }
    }

    /// Throws `SecretRefusal` for a text that can be no secret at all.
    static func addSecret(
        _ text: String, purpose: SecretPurpose, to organization: String, _ table: SecretTable, at moment: Double
    ) throws -> SecretSummary {
        try SecretPolicy.check(text, allowWeak: true)
        try table.connection.requireOrganization(organization)
        let active = (try table.active(of: [organization], at: moment)[organization] ?? [])
            .filter { $0.purpose == purpose }
        if let same = active.first(where: { sameBytes($0.text, text) }), let summary = try table.summary(same.id) {
            return summary
        }
        guard active.count < maxActiveSecrets else { throw StoreError.tooManySecrets(limit: maxActiveSecrets) }
        let summary = try table.insert(text, purpose: purpose, organization: organization, at: moment)
        try table.connection.bumpGeneration(of: organization)
        return summary
    }

    static func revokeSecret(
        _ id: String, of organization: String, _ connection: PostgresConnection, at moment: Double
    ) throws -> Bool {
        let changed = try connection.run(
            """
            UPDATE secrets SET revoked_at = $3
            WHERE id = $1 AND organization = $2 AND revoked_at IS NULL
                AND (valid_until IS NULL OR valid_until > $3::float8)
            """, [id, organization, moment])
        guard changed > 0 else { return false }
        try connection.bumpGeneration(of: organization)
        return true
    }

    package func recordSecretUse(_ ids: [String], at moment: Double) async {
        // Only a hint for operators: a store that is busy may go without.
        _ = try? await writing { connection in
            try connection.run(
                """
                UPDATE secrets SET last_used_at = $1
                WHERE id = ANY ($2::text[]) AND (last_used_at IS NULL OR last_used_at < $1::float8)
                """, [moment, Texts(ids)])
        }
    }

    package func assertionSigningKey() async throws -> SigningKeyMaterial {
        let stored = try await reading { [box] in try SecretTable(connection: $0, box: box).signingKey() }
        if let stored { return stored }
        let moment = now()
        return try await administering { [box] connection in
            let table = SecretTable(connection: connection, box: box)
            // Another gateway may have been first.
            if let stored = try table.signingKey() { return stored }
            let key = try ES256SigningKey()
            let material = SigningKeyMaterial(id: key.id, pem: try key.pem())
            try table.insertSigningKey(material, at: moment)
            try connection.bumpGeneration(of: nil)
            return material
        }
    }

    package func encryptAgain(under key: MasterKey) async throws -> Int {
        let next: SecretBox
        do { next = try SecretBox(masterKey: key.bytes) } catch {
            throw StoreError.masterKeyInvalid("no usable master key")
        }
        return try await administering { [box] connection in
            let count = try SecretTable(connection: connection, box: box).seal(by: next)
            try KeyCheck(box: next).note(connection)
            return count
        }
    }
}
