import GRDB
import Testing
import UserDirectory

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
            Database.raiseOrganizationGeneration, SQLiteStore.changedSince, SecretTable.active, SecretTable.isActive,
            SessionTable.byDigest, SessionTable.extend, SessionTable.end,
            SessionTable.ofOrganization, SessionTable.ofUser, SessionTable.endBefore, SessionTable.removeExpired,
            UsedTokenTable.find, UsedTokenTable.removeExpired, SQLiteStore.signInTests,
            AdminTokenTable.byDigest, AdminTokenTable.byID, AdminTokenTable.ofOrganization, AdminTokenTable.revoke,
            AdminTokenTable.noteUse, EarlierRequestTable.find, EarlierRequestTable.forget, UserTable.setRole,
            UserTable.windowEnd,
            // What a deletion that cascades looks for.
            "DELETE FROM admin_tokens WHERE organization = ?",
            "DELETE FROM sessions WHERE user = ?", "DELETE FROM sessions WHERE organization = ?",
            "DELETE FROM sign_in_tests WHERE organization = ?",
        ])
    func `no statement reads a whole table`(_ sql: String) async throws {
        let plan = try await plan(sql)
        #expect(plan.contains { $0.hasPrefix("SEARCH") })
        #expect(!plan.contains { $0.hasPrefix("SCAN") }, "\(plan)")
    }

    @Test(
        arguments: [
            (.all, "(organization=?"), (.user("u"), "sessions_user"), (.key("k"), "sessions_key"),
            (.session("0123456789abcdef"), "PRIMARY KEY"),
        ] as [(SessionSelection, String)])
    func `each way to name sessions has its index`(_ selection: SessionSelection, _ index: String) async throws {
        let condition = try #require(SessionTable.condition(selection))
        for sql in [
            "DELETE FROM sessions WHERE \(condition.sql)",
            "SELECT COUNT(*) FROM sessions WHERE \(condition.sql) AND +expires_at > ?",
        ] {
            let plan = try await plan(sql)
            #expect(plan.contains { $0.hasPrefix("SEARCH sessions USING") && $0.contains(index) }, "\(plan)")
            #expect(!plan.contains { $0.hasPrefix("SCAN") }, "\(plan)")
        }
    }

    @Test(arguments: [
        (SessionTable.ofUser, "sessions_user"), (SessionTable.ofOrganization, "sessions_creation"),
        (SessionTable.endBefore, "sessions_user"), (SessionTable.removeExpired, "sessions_expiry"),
        (UsedTokenTable.removeExpired, "used_tokens_expiry"), (SQLiteStore.changedSince, "organizations_generation"),
    ])
    func `the index is the one that was made for it`(_ sql: String, _ index: String) async throws {
        let plan = try await plan(sql)
        #expect(plan.contains { $0.contains(index) }, "\(plan)")
    }

    @Test func `the ids of all organizations are read without their settings`() async throws {
        let plan = try await plan(SQLiteStore.ids)
        #expect(plan == ["SCAN organizations USING COVERING INDEX organizations_generation"])
    }

    @Test(arguments: [UserTable.byExternalID, UserTable.page, SessionTable.ofOrganization, SessionTable.ofUser])
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
