import GRDB
import Testing

@testable import DirectorySQLite

@Suite struct QueryPlanTests {
    @Test(
        arguments: [
            UserTable.byExternalID, UserTable.byExactEmail, UserTable.byFoldedEmail, UserTable.byID,
            UserTable.byAnyEmail, UserTable.position, UserTable.page, UserTable.search, UserTable.count,
            UserTable.update, UserTable.delete, UserTable.setBlocked, UserTable.setTokensValidAfter,
            "SELECT * FROM secrets WHERE organization = ? ORDER BY created_at, id",
            "SELECT organization FROM hosts WHERE host = ?", "DELETE FROM hosts WHERE organization = ?",
            "DELETE FROM users WHERE organization = ?", "SELECT value FROM meta WHERE key = 'generation'",
            Database.raiseOrganizationGeneration,
        ])
    func `no statement reads a whole table`(_ sql: String) async throws {
        let plan = try await plan(sql)
        #expect(plan.contains { $0.hasPrefix("SEARCH") })
        #expect(!plan.contains { $0.hasPrefix("SCAN") }, "\(plan)")
    }

    @Test(arguments: [UserTable.byExternalID, UserTable.page])
    func `the order of creation comes from the index`(_ sql: String) async throws {
        let plan = try await plan(sql)
        #expect(!plan.contains { $0.contains("TEMP B-TREE") }, "\(plan)")
    }

    private func plan(_ sql: String) async throws -> [String] {
        try await Folder().store().pool.read { database in
            let statement = try database.makeStatement(sql: "EXPLAIN QUERY PLAN " + sql)
            statement.setUncheckedArguments(StatementArguments())
            return try Row.fetchAll(statement).map { $0["detail"] as String }
        }
    }
}
