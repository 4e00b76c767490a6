import GRDB
import IdentityCore
import Testing
import UserDirectory

@testable import DirectorySQLite

@Suite struct SchemaTests {
    @Test func `a file of the first release opens, and its organizations begin with the store's generation`()
        async throws
    {
        let place = try Folder()
        try await makeFirstRelease(place)
        let store = try place.store()
        let loaded = try await store.loadAll()
        #expect(loaded.generation == 41)
        #expect(loaded.organizations.map(\.settings.id) == ["acme", "beta"])
        #expect(loaded.organizations.map(\.generation) == [41, 41])
        #expect(try await store.countUsers(of: "acme") == 1)
        // The tables that refer to an organization still do.
        try await store.setBlocked(true, user: "ann@acme.test", of: "acme")
        #expect(try await store.loadAll().organizations.map(\.generation) == [42, 41])
        #expect(try await store.deleteOrganization("acme"))
        #expect(try await store.countUsers(of: "acme") == 0)
        #expect(try await place.store().loadAll().organizations.map(\.generation) == [41])
    }

    @Test func `a file of before there were sessions opens, and takes them`() async throws {
        let place = try Folder()
        try await makeFirstRelease(place)
        let store = try place.store()
        let user = try #require(try await store.user("ann@acme.test", of: "acme"))
        let secret = try await store.addSecret(SecretPolicy.generate(), purpose: .api, to: "acme")
        let session = PortalSession(
            digest: SessionDigest(bytes: [UInt8](repeating: 1, count: 32)), organization: "acme", user: user.id,
            keyID: secret.id, createdAt: 1, expiresAt: 2_000_000_000)
        try await store.begin(session)
        #expect(await store.resume(session.digest, of: "acme", now: 2) == .active(session, user))
        #expect(try await store.organization("acme")?.sso == SSOSettings())
    }

    @Test func `a change that fails halfway raises nothing`() async throws {
        let place = try Folder()
        let store = try place.store()
        try await store.put(OrganizationSettings(id: "acme"))
        let before = try await store.loadAll()
        // The last statement of the change fails: all that came before it goes too.
        try await store.pool.write {
            try $0.execute(
                sql: """
                    CREATE TRIGGER full BEFORE UPDATE OF generation ON organizations
                    BEGIN SELECT RAISE(ABORT, 'full'); END
                    """)
        }
        await #expect(throws: StoreError.self) { try await store.put(OrganizationSettings(id: "acme", name: "New")) }
        await #expect(throws: StoreError.self) {
            try await store.addSecret(SecretPolicy.generate(), purpose: .api, to: "acme")
        }
        let after = try await store.loadAll()
        #expect(after.generation == before.generation)
        #expect(after.organizations[0].generation == before.organizations[0].generation)
        #expect(after.organizations[0].settings.name == "acme" && after.organizations[0].secrets.isEmpty)
    }

    /// What the first release left behind: its tables, two organizations, one user, and 40 changes.
    private func makeFirstRelease(_ place: Folder) async throws {
        let queue = try DatabaseQueue(path: place.path("store.db"))
        try Schema.migrator.migrate(queue, upTo: "1 organizations, secrets, users")
        try await queue.write { database in
            for id in ["acme", "beta"] {
                try database.execute(
                    sql: "INSERT INTO organizations (id, settings, created_at, updated_at) VALUES (?, ?, 1, 1)",
                    arguments: [id, try OrganizationSettings(id: id).storedJSON()])
            }
            var profile = UserProfile()
            profile.email = "ann@acme.test"
            let user = DirectoryUser(id: DirectoryUser.newID(), profile: profile, createdAt: 1)
            try UserTable(database: database).insert(user, organization: "acme")
            try database.execute(sql: "UPDATE meta SET value = 41 WHERE key = 'generation'")
        }
        try queue.close()
    }
}
