import GRDB
import Testing
import UserDirectory

@testable import DirectorySQLite

@Suite struct StoredTableTests {
    /// `meta` holds the counters and what tells a wrong master key; the others are SQLite's and GRDB's own.
    private static let leftOut: Set = ["meta", "grdb_migrations", "sqlite_sequence"]

    @Test func `a migration copies every table and every column of the directory`() async throws {
        let expected = StoredTable.all.filter { !StoredTable.log.contains($0) }.map { ($0.name, Self.columns(of: $0)) }
        #expect(try await Self.tables(in: Folder().store().pool) == Dictionary(uniqueKeysWithValues: expected))
    }

    @Test func `a migration copies every table and every column of the log's file`() async throws {
        let folder = try Folder()
        let expected = StoredTable.log.map { ($0.nameInLogFile, Self.columns(of: $0)) }
        let log = try SQLiteTelemetry(path: folder.path("log.db"))
        #expect(try await Self.tables(in: log.pool) == Dictionary(uniqueKeysWithValues: expected))
    }

    private static func columns(of table: StoredTable) -> Set<String> { Set(table.columns.map(\.name)) }

    private static func tables(in pool: DatabasePool) async throws -> [String: Set<String>] {
        try await pool.read { database in
            try String.fetchSet(database, sql: "SELECT name FROM sqlite_master WHERE type = 'table'")
                .subtracting(leftOut)
                .reduce(into: [:]) { $0[$1] = Set(try database.columns(in: $1).map(\.name)) }
        }
    }
}
