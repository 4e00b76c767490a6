import IdentityCore
import Testing
import UserDirectory

@testable import DirectoryPostgres

@Suite(.enabled(if: TestPostgres.server != nil)) struct SchemaStepTests {
    /// A release that adds: a column, and indexes on a table in parts and on one that has none.
    private static let added =
        Schema.steps + [
            SchemaStep(
                statements: "ALTER TABLE organizations ADD COLUMN note TEXT NOT NULL DEFAULT ''",
                indexes: [
                    OnlineIndex(name: "users_updated", table: "users", definition: "(organization, updated_at)"),
                    OnlineIndex(name: "audit_at", table: "audit", definition: "(at)"),
                ])
        ]
    /// A later one that takes away what this release needs.
    private static let takenAway =
        added + [
            SchemaStep(statements: "ALTER TABLE organizations DROP COLUMN settings", oldest: added.count)
        ]

    private static func open(_ place: Place, _ steps: [SchemaStep]) throws -> PostgresStore {
        try PostgresStore(
            address: try TestPostgres.database(of: place), masterKey: place.masterKey, now: { place.now },
            connections: 2, steps: steps)
    }

    private static func connect(_ place: Place) throws -> PostgresConnection {
        try PostgresConnection(try TestPostgres.database(of: place))
    }

    @Test func `a gateway goes on beside one of the next release, and starts after it`() async throws {
        let place = try Place()
        let older = try Self.open(place, Schema.steps)
        try await older.put(OrganizationSettings(id: "acme"))
        #expect(await older.admit(.verified(profile(email: "a@x.test"))).isCreation)
        let newer = try Self.open(place, Self.added)
        for (store, email) in [(older, "b@x.test"), (newer, "c@x.test"), (older, "c@x.test")] {
            #expect(await store.admit(.verified(profile(email: email))).user != nil)
        }
        try await older.put(OrganizationSettings(id: "acme", name: "New"))
        #expect(try await newer.organization("acme")?.name == "New")
        let again = try Self.open(place, Schema.steps)
        #expect(try await again.countUsers(of: "acme") == 3)
        #expect(try await newer.countUsers(of: "acme") == 3)
    }

    @Test func `a gateway that is too old says so, and changes nothing`() async throws {
        let place = try Place()
        _ = try Self.open(place, Self.takenAway)
        let steps = Schema.steps.count
        #expect(throws: StoreError.self) { try Self.open(place, Schema.steps) }
        do {
            _ = try Self.open(place, Schema.steps)
        } catch let error as StoreError {
            #expect(error.description.contains("takes a program that knows step \(steps + 1); this one knows \(steps)"))
        }
        // The release between the two knows enough, as far as it is asked at its start.
        _ = try Self.open(place, Self.added)
        #expect(try Self.connect(place).row("SELECT count(*) FROM schema_steps")?.integer(0) == Int64(steps + 2))
    }

    @Test func `a gateway that a newer release has left behind hears of changes, and writes nothing`() async throws {
        let place = try Place()
        let older = try Self.open(place, Schema.steps)
        try await older.put(OrganizationSettings(id: "acme"))
        let known = AdmissionRequest.verified(profile(email: "a@x.test"))
        #expect(await older.admit(known).isCreation)
        #expect(try await older.incompatibility() == nil)

        // A step that takes away nothing that is looked at here: what is refused isn't refused by an accident.
        let next = Self.added + [SchemaStep(statements: "SELECT 1", oldest: Schema.steps.count + 1)]
        let newer = try Self.open(place, next)
        // Not asked yet, it writes nothing all the same.
        #expect(await older.admit(.verified(profile(email: "b@x.test"))) == .unavailable)
        await #expect(throws: StoreError.self) { try await older.put(OrganizationSettings(id: "other")) }
        #expect(try await older.incompatibility()?.contains("takes a program that knows step") == true)
        #expect(await older.admit(known) == .unavailable)
        await #expect(throws: StoreError.self) { try await older.organizations() }
        #expect(try await newer.countUsers(of: "acme") == 1)

        let before = try await older.generation()
        #expect(try await newer.setBlocked(true, user: "a@x.test", of: "acme"))
        #expect(try await older.generation() > before)
        #expect(try await older.load(changedSince: before).changed.map(\.settings.id) == ["acme"])

        // Restored from a backup of before.
        try Self.connect(place).execute("DELETE FROM schema_steps WHERE oldest > \(Schema.steps.count)")
        #expect(try await older.incompatibility() == nil)
        #expect(await older.admit(.verified(profile(email: "b@x.test"))).isCreation)
    }

    @Test func `tables of before there was bookkeeping are taken on`() async throws {
        let place = try Place()
        _ = try Self.open(place, Schema.steps)
        try Self.connect(place).execute(
            "ALTER TABLE schema_steps DROP COLUMN oldest; ALTER TABLE schema_steps DROP COLUMN finished")
        _ = try Self.open(place, Self.added)
        #expect(try Self.invalidIndexes(place) == 0)
    }

    /// `CREATE INDEX` alone would keep everybody from writing, for as long as it waits for whoever writes already.
    @Test func `users are let in while an index is made`() async throws {
        let place = try Place()
        let older = try Self.open(place, Schema.steps)
        try await older.put(OrganizationSettings(id: "acme"))
        // Somebody who has written and hasn't ended: each index must wait for them.
        let slow = try Self.connect(place)
        try slow.execute("BEGIN; LOCK TABLE users IN ROW EXCLUSIVE MODE")
        let migration = Task.detached { _ = try Self.open(place, Self.added) }
        let watcher = try Self.connect(place)
        func isWaiting(_ statement: String) throws -> Bool {
            try watcher.row(
                """
                SELECT 1 FROM pg_stat_activity
                WHERE datname = current_database() AND query LIKE $1 AND wait_event_type = 'Lock'
                """, ["%" + statement + "%"]) != nil
        }
        while try !isWaiting("CREATE INDEX IF NOT EXISTS users_updated ON ONLY") { await Task.yield() }
        #expect(await older.admit(.verified(profile(email: "a@x.test"))).isCreation)
        try slow.execute("COMMIT; BEGIN; LOCK TABLE users_3 IN ROW EXCLUSIVE MODE")
        while try !isWaiting("CREATE INDEX CONCURRENTLY") { await Task.yield() }
        #expect(await older.admit(.verified(profile(email: "b@x.test"))).isCreation)
        #expect(try await older.setBlocked(true, user: "a@x.test", of: "acme"))
        let unfinished = try watcher.row("SELECT count(*) FROM schema_steps WHERE NOT finished")
        #expect(try unfinished?.integer(0) == 1, "the indexes were there before the table was free")
        // One more that starts needn't wait for what it doesn't know.
        _ = try Self.open(place, Schema.steps)
        try slow.execute("COMMIT")
        try await migration.value
        #expect(try Self.invalidIndexes(place) == 0)
    }

    @Test func `an index that was broken off is made anew`() async throws {
        let place = try Place()
        _ = try Self.open(place, Self.added)
        let connection = try Self.connect(place)
        try connection.execute(
            """
            UPDATE schema_steps SET finished = false;
            UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'audit_at'::regclass
            """)
        let before = try connection.row("SELECT 'audit_at'::regclass::oid")?.integer(0)
        _ = try Self.open(place, Self.added)
        #expect(try Self.invalidIndexes(place) == 0)
        #expect(try connection.row("SELECT 'audit_at'::regclass::oid")?.integer(0) != before)
        #expect(try connection.row("SELECT count(*) FROM schema_steps WHERE NOT finished")?.integer(0) == 0)
    }

    @Test func `of several gateways that start at once, one makes the tables`() async throws {
        let place = try Place()
        _ = try TestPostgres.database(of: place)
        try await withThrowingTaskGroup { group in
            for _ in 0..<4 { group.addTask { _ = try Self.open(place, Self.added) } }
            try await group.waitForAll()
        }
        #expect(try Self.invalidIndexes(place) == 0)
    }

    private static func invalidIndexes(_ place: Place) throws -> Int64? {
        try connect(place).row("SELECT count(*) FROM pg_index WHERE NOT indisvalid")?.integer(0)
    }
}
