package import UserDirectory

extension PostgresStore {
    package func generation() async throws -> Int64 {
        try await asking { try Self.generation($0) }
    }

    package func loadAll() async throws -> StoredConfiguration {
        try await readingAnyway { [box, now] connection in
            let rows = try connection.rows("SELECT id, settings, generation FROM organizations ORDER BY id")
            return StoredConfiguration(
                generation: try Self.generation(connection),
                organizations: try Self.stored(rows, SecretTable(connection: connection, box: box), at: now()))
        }
    }

    package func load(changedSince generation: Int64) async throws -> StoredConfigurationChange {
        try await readingAnyway { [box, now] connection in
            let rows = try connection.rows(
                "SELECT id, settings, generation FROM organizations WHERE generation > $1", [generation])
            return StoredConfigurationChange(
                generation: try Self.generation(connection),
                changed: try Self.stored(rows, SecretTable(connection: connection, box: box), at: now()),
                ids: Set(try connection.rows("SELECT id FROM organizations").map { try $0.text(0) }))
        }
    }

    private static func stored(
        _ rows: [PostgresRow], _ secrets: SecretTable, at moment: Double
    ) throws -> [StoredOrganization] {
        let active = try secrets.active(of: rows.map { try $0.text(0) }, at: moment)
        return try rows.map { row in
            StoredOrganization(
                settings: try OrganizationSettings(storedJSON: try row.text(1)),
                secrets: active[try row.text(0)] ?? [], generation: try row.integer(2))
        }
    }

    package func organization(_ id: String) async throws -> OrganizationSettings? {
        try await reading { try Self.organization(id, $0) }
    }

    package func organizations() async throws -> [OrganizationSettings] {
        try await reading { connection in
            try connection.rows("SELECT settings FROM organizations ORDER BY id")
                .map { try OrganizationSettings(storedJSON: try $0.text(0)) }
        }
    }

    static func put(
        _ settings: OrganizationSettings, _ connection: PostgresConnection, at moment: Double
    ) throws -> Bool {
        guard ([settings.id] + settings.hosts).allSatisfy({ !$0.isEmpty && !$0.utf8.contains(0) }) else {
            throw StoreError.settingsInvalid("an id or a host is empty or contains a NUL character")
        }
        guard try organization(settings.id, connection) != settings else { return false }
        let hosts = settings.hosts.map { $0.lowercased() }
        let taken = try connection.row(
            "SELECT host, organization FROM hosts WHERE host = ANY ($1::text[]) AND organization <> $2 LIMIT 1",
            [Texts(hosts), settings.id])
        if let taken {
            let host = try taken.text(0)
            throw StoreError.hostTaken(
                host: settings.hosts.first { $0.lowercased() == host } ?? host, by: try taken.text(1))
        }
        try connection.run(
            """
            INSERT INTO organizations (id, settings, created_at, updated_at) VALUES ($1, $2, $3, $3)
            ON CONFLICT (id) DO UPDATE SET settings = $2, updated_at = $3
            """, [settings.id, try settings.storedJSON(), moment])
        try connection.run("DELETE FROM hosts WHERE organization = $1", [settings.id])
        try connection.run(
            """
            INSERT INTO hosts (host, organization) SELECT host, $2 FROM unnest($1::text[]) AS host
            ON CONFLICT DO NOTHING
            """, [Texts(hosts), settings.id])
        try connection.bumpGeneration(of: settings.id)
        return true
    }

    static func deleteOrganization(_ id: String, _ connection: PostgresConnection) throws -> Bool {
        connection.lockUsers(of: [id])
        guard try connection.run("DELETE FROM organizations WHERE id = $1", [id]) > 0 else { return false }
        try connection.bumpGeneration(of: nil)
        return true
    }

    static func organization(_ id: String, _ connection: PostgresConnection) throws -> OrganizationSettings? {
        try connection.row("SELECT settings FROM organizations WHERE id = $1", [id])
            .map { try OrganizationSettings(storedJSON: try $0.text(0)) }
    }

    private static func generation(_ connection: PostgresConnection) throws -> Int64 {
        try connection.row("SELECT generation FROM meta")?.integer(0) ?? 0
    }
}
