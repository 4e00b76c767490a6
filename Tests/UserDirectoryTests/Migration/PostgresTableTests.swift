import Testing
import UserDirectory

@testable import DirectoryPostgres

@Suite(.enabled(if: TestPostgres.server != nil)) struct PostgresTableTests {
    /// `meta` holds the counters and what tells a wrong master key. The others are what one running gateway tells another.
    private static let leftOut: Set = ["meta", "schema_steps", "leaves", "gateways"]
    /// Made from the profile.
    private static let derived = ["users": Set(["facts"])]

    @Test func `a migration copies every table and every column`() async throws {
        let place = try Place()
        _ = try StoreFactory.postgres.open(place)
        let connection = try PostgresConnection(try TestPostgres.database(of: place))
        // Partitions have the columns of what they are parts of.
        let rows = try connection.rows(
            """
            SELECT relname, attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
                AND attnum > 0 AND NOT attisdropped
            """)
        var found: [String: Set<String>] = [:]
        for row in rows { found[try row.text(0), default: []].insert(try row.text(1)) }
        for name in Self.leftOut { #expect(found.removeValue(forKey: name) != nil) }
        for (name, columns) in Self.derived { found[name]?.subtract(columns) }
        #expect(
            found == Dictionary(uniqueKeysWithValues: StoredTable.all.map { ($0.name, Set($0.columns.map(\.name))) }))
    }
}
