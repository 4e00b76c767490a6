import Foundation
import GRDB
package import UserDirectory

extension SQLiteStore {
    package func generation() async throws -> Int64 {
        try await reading { try Self.generation($0) }
    }

    package func loadAll() async throws -> StoredConfiguration {
        try await reading { [box, now] database in
            let rows = try Row.fetchAll(database, sql: "SELECT settings, generation FROM organizations ORDER BY id")
            let secrets = SecretTable(database: database, box: box)
            return StoredConfiguration(
                generation: try Self.generation(database),
                organizations: try rows.map { try Self.stored($0, secrets, at: now()) })
        }
    }

    package func load(changedSince generation: Int64) async throws -> StoredConfigurationChange {
        try await reading { [box, now] database in
            let rows = try Row.fetchAll(database, sql: Self.changedSince, arguments: [generation])
            let secrets = SecretTable(database: database, box: box)
            return StoredConfigurationChange(
                generation: try Self.generation(database),
                changed: try rows.map { try Self.stored($0, secrets, at: now()) },
                ids: try String.fetchSet(database, sql: Self.ids))
        }
    }

    static let changedSince = "SELECT settings, generation FROM organizations WHERE generation > ?"
    /// From the index of generations, which is small: the settings of nobody are read.
    static let ids = "SELECT id FROM organizations INDEXED BY organizations_generation"

    private static func stored(_ row: Row, _ secrets: SecretTable, at moment: Double) throws -> StoredOrganization {
        let settings = try OrganizationSettings(storedJSON: row[0])
        return StoredOrganization(
            settings: settings, secrets: try secrets.active(of: settings.id, at: moment), generation: row[1])
    }

    package func organization(_ id: String) async throws -> OrganizationSettings? {
        try await reading { try Self.organization(id, $0) }
    }

    package func organizations() async throws -> [OrganizationSettings] {
        try await reading { try Self.organizations($0) }
    }

    static func put(_ settings: OrganizationSettings, _ database: Database, at moment: Double) throws -> Bool {
        // A NUL ends a text in SQLite's eyes: the row would be another organization's, or another host's.
        guard ([settings.id] + settings.hosts).allSatisfy({ !$0.isEmpty && !$0.utf8.contains(0) }) else {
            throw StoreError.settingsInvalid("an id or a host is empty or contains a NUL character")
        }
        guard try organization(settings.id, database) != settings else { return false }
        for host in settings.hosts {
            let owner = try String.fetchOne(
                database, sql: "SELECT organization FROM hosts WHERE host = ?", arguments: [host.lowercased()])
            if let owner, owner != settings.id { throw StoreError.hostTaken(host: host, by: owner) }
        }
        try database.execute(
            sql: """
                INSERT INTO organizations (id, settings, created_at, updated_at) VALUES (:id, :settings, :now, :now)
                ON CONFLICT (id) DO UPDATE SET settings = :settings, updated_at = :now
                """,
            arguments: ["id": settings.id, "settings": try settings.storedJSON(), "now": moment])
        try database.execute(sql: "DELETE FROM hosts WHERE organization = ?", arguments: [settings.id])
        for host in settings.hosts {
            try database.execute(
                sql: "INSERT OR IGNORE INTO hosts (host, organization) VALUES (?, ?)",
                arguments: [host.lowercased(), settings.id])
        }
        try database.bumpGeneration(of: settings.id)
        return true
    }

    static func deleteOrganization(_ id: String, _ database: Database) throws -> Bool {
        try database.execute(sql: "DELETE FROM organizations WHERE id = ?", arguments: [id])
        guard database.changesCount > 0 else { return false }
        try database.bumpGeneration(of: nil)
        return true
    }

    static func organization(_ id: String, _ database: Database) throws -> OrganizationSettings? {
        try String.fetchOne(database, sql: "SELECT settings FROM organizations WHERE id = ?", arguments: [id])
            .map { try OrganizationSettings(storedJSON: $0) }
    }

    private static func organizations(_ database: Database) throws -> [OrganizationSettings] {
        try String.fetchAll(database, sql: "SELECT settings FROM organizations ORDER BY id")
            .map { try OrganizationSettings(storedJSON: $0) }
    }

    private static func generation(_ database: Database) throws -> Int64 {
        try Int64.fetchOne(
            database.cachedStatement(sql: "SELECT value FROM meta WHERE key = 'generation'")) ?? 0
    }
}
