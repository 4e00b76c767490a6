import GRDB
import Testing
import UserDirectory

@testable import DirectorySQLite

@Suite struct AdministrationTests {
    @Test(arguments: ["UPDATE audit SET actor = 'eve'", "DELETE FROM audit"])
    func `nothing changes what is in the audit log`(_ sql: String) async throws {
        let store = try Folder().store()
        let actor = AuditEntry.Actor(kind: .commandLine, id: "", name: "ada", address: nil)
        try await store.administer {
            try $0.record(AuditEntry(at: 1, actor: actor, action: "user.block", organization: "acme"))
        }
        await #expect(throws: StoreError.self) { try await store.writing { try $0.execute(sql: sql) } }
        #expect(try await store.auditEntries(AuditFilter(), before: nil, limit: 2).map(\.actor) == [actor])
    }

    @Test func `another master key opens all that the old one did, which opens nothing any more`() async throws {
        let place = try Folder()
        let store = try place.store()
        try await store.put(OrganizationSettings(id: "acme"))
        let text = SecretPolicy.generate()
        let active = try await store.addSecret(text, purpose: .api, to: "acme")
        let revoked = try await store.addSecret(SecretPolicy.generate(), purpose: .userHash, to: "acme")
        try await store.revokeSecret(revoked.id, of: "acme")
        let signing = try await store.assertionSigningKey()
        let next = MasterKey.random()
        #expect(try await store.encryptAgain(under: next) == 3)
        #expect(throws: StoreError.masterKeyWrong) { try place.store() }
        let reopened = try SQLiteStore(path: place.path("store.db"), masterKey: next)
        let secrets = try await reopened.loadAll().organizations[0].secrets
        #expect(secrets.map(\.id) == [active.id] && secrets.map(\.text) == [text])
        #expect(try await reopened.assertionSigningKey().pem == signing.pem)
    }

    @Test(
        arguments: [
            ("users_blocked", filter { $0.isBlocked = true }), ("users_role", filter { $0.role = .admin }),
            ("users_plan", filter { $0.plan = "pro" }), ("users_status", filter { $0.status = "active" }),
            ("users_revenue", filter { $0.revenueFrom = 1 }), ("users_email", filter { $0.search = "a" }),
            ("users_name", filter { $0.search = "a" }), ("users_external_id", filter { $0.search = "a" }),
        ])
    func `a condition leads to its users by its own index`(
        _ index: String, _ filter: UserFilter
    ) async throws {
        let search = try #require(UserCondition.all(of: filter).first?.search)
        let plan = try await Folder().store().pool.read { database in
            try Row.fetchAll(
                database, sql: "EXPLAIN QUERY PLAN " + search.sql,
                arguments: search.arguments + ["organization": "acme"]
            ).map { $0["detail"] as String }
        }
        #expect(plan.contains { $0.hasPrefix("SEARCH users") && $0.contains(index) }, "\(plan)")
        #expect(!plan.contains { $0.hasPrefix("SCAN users") }, "\(plan)")
    }
}

private func filter(_ change: (inout UserFilter) -> Void) -> UserFilter {
    var filter = UserFilter()
    change(&filter)
    return filter
}
