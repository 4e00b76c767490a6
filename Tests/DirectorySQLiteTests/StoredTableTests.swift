import GRDB
import Testing
import UserDirectory

@testable import DirectorySQLite

@Suite struct StoredTableTests {
    /// `meta` holds the counters and what tells a wrong master key; the others are SQLite's and GRDB's own.
    private static let leftOut: Set = ["meta", "grdb_migrations", "sqlite_sequence"]

    @Test func `a migration copies every table and every column`() async throws {
        let store = try Folder().store()
        let found = try await store.pool.read { database in
            try String.fetchSet(database, sql: "SELECT name FROM sqlite_master WHERE type = 'table'")
                .subtracting(Self.leftOut)
                .reduce(into: [:]) { $0[$1] = Set(try database.columns(in: $1).map(\.name)) }
        }
        #expect(
            found == Dictionary(uniqueKeysWithValues: StoredTable.all.map { ($0.name, Set($0.columns.map(\.name))) }))
    }
}
