import Foundation
import GRDB
import IdentityCore
import Testing
import UserDirectory

@testable import DirectorySQLite

/// What is SQLite's own; what every store does is in the conformance suites.
@Suite struct SQLiteStoreTests {
    @Test func `acknowledged means synced`() async throws {
        let place = try Folder()
        let store = try place.store()
        let settings = try await store.pool.writeWithoutTransaction { database in
            try ["synchronous", "journal_mode", "foreign_keys"].map {
                try String.fetchOne(database, sql: "PRAGMA \($0)")
            }
        }
        #expect(settings == ["2", "wal", "1"])
    }

    @Test func `the file and its folder are their owner's alone`() throws {
        let place = try Folder()
        let path = place.path("new/deep/store.db")
        let store = try SQLiteStore(path: path, masterKey: place.masterKey)
        for (name, mode) in [("new", 0o700), ("new/deep", 0o700), ("new/deep/store.db", 0o600)] {
            let attributes = try FileManager.default.attributesOfItem(atPath: place.path(name))
            #expect(attributes[.posixPermissions] as? Int == mode, "\(name)")
        }
        let wal = try FileManager.default.attributesOfItem(atPath: path + "-wal")
        #expect(wal[.posixPermissions] as? Int == 0o600)
        _ = store
    }

    @Test func `several that open a new file at once all succeed`() async throws {
        let place = try Folder()
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 { group.addTask { _ = try await place.store().generation() } }
            try await group.waitForAll()
        }
    }

    @Test func `two on one file see each other's changes`() async throws {
        let place = try Folder()
        let gateway = try place.store()
        let commandLine = try place.store()
        let before = try await gateway.generation()
        try await commandLine.put(OrganizationSettings(id: "acme"))
        try await commandLine.addSecret(SecretPolicy.generate(), purpose: .api, to: "acme")
        #expect(try await gateway.generation() == before + 2)
        #expect(try await gateway.loadAll().organizations.first?.secrets.count == 1)
        let admitted = await gateway.admit([.user("ann@acme.test")])
        try await commandLine.setBlocked(true, user: "ann@acme.test", of: "acme")
        guard case .admitted(let ann, _) = admitted.first else {
            Issue.record("nobody was admitted")
            return
        }
        #expect(await gateway.admit([.user("ann@acme.test")]) == [.refused(.userBlocked, user: ann.id)])
    }

    @Test func `two that write at once lose nothing`() async throws {
        let place = try Folder()
        let stores = [try place.store(), try place.store()]
        try await stores[0].put(OrganizationSettings(id: "acme"))
        let outcomes = await withTaskGroup { group in
            for number in 0..<200 {
                group.addTask { await stores[number % 2].admit([.user("user\(number / 4)@acme.test")]) }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(!outcomes.contains(.unavailable))
        #expect(try await stores[0].countUsers(of: "acme") == 50)
    }

    @Test func `a locked file is unavailable, and recovers by itself`() async throws {
        let place = try Folder()
        let store = try place.store(busyTimeout: 0.05)
        try await store.put(OrganizationSettings(id: "acme"))
        _ = await store.admit([.user("known@acme.test")])
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: place.path("store.db"), configuration: configuration)
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        let batch: [AdmissionRequest] = [.user("known@acme.test"), .user("new@acme.test"), .user("known@acme.test")]
        let locked = await store.admit(batch)
        #expect(locked[0] != .unavailable, "a known user needs no lock")
        #expect(locked[1...] == [.unavailable, .unavailable])
        await #expect(throws: StoreError.self) { try await store.put(OrganizationSettings(id: "other")) }
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        let free = await store.admit(batch)
        #expect(!free.contains(.unavailable))
    }

    @Test func `a full disk is unavailable, and recovers by itself`() async throws {
        let place = try Folder()
        let store = try place.store()
        try await store.put(OrganizationSettings(id: "acme"))
        try await store.pool.writeWithoutTransaction { database in
            let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            try database.execute(sql: "PRAGMA max_page_count = \(pages)")
        }
        let batch = (0..<500).map { AdmissionRequest.user("user\($0)@acme.test") }
        #expect(await store.admit(batch).allSatisfy { $0 == .unavailable })
        #expect(try await store.countUsers(of: "acme") == 0)
        try await store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
        #expect(await !store.admit(batch).contains(.unavailable))
    }

    @Test func `a file that can't be written is unavailable to new users alone`() async throws {
        let place = try Folder()
        let store = try place.store()
        try await store.put(OrganizationSettings(id: "acme"))
        _ = await store.admit([.user("known@acme.test")])
        try await store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 1") }
        #expect(await store.admit([.user("new@acme.test")]) == [.unavailable])
        #expect(await store.admit([.user("known@acme.test")]) != [.unavailable])
        try await store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 0") }
        #expect(await store.admit([.user("new@acme.test")]) != [.unavailable])
    }

    @Test func `a file that is no store, or of a newer release, is refused in words`() async throws {
        let place = try Folder()
        try Data("hello, this is no database at all, not one bit of it".utf8).write(
            to: URL(filePath: place.path("text.db")))
        #expect(throws: StoreError.self) {
            try SQLiteStore(path: place.path("text.db"), masterKey: place.masterKey)
        }
        let store = try place.store()
        try await store.pool.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('9999 future')") }
        let path = place.path("store.db")
        #expect(throws: StoreError.unavailable("\(path) was written by a newer release")) { try place.store() }
    }

    @Test func `a known user of whom nothing is new costs no commit`() async throws {
        let place = try Folder()
        let store = try place.store()
        try await store.put(OrganizationSettings(id: "acme"))
        let batch = (0..<20).map { AdmissionRequest.user("user\($0)@acme.test") }
        _ = await store.admit(batch)
        let before = try place.walBytes()
        for _ in 0..<10 { _ = await store.admit(batch) }
        #expect(try place.walBytes() == before)
    }

    @Test func `a burst of 1 000 new users shares a few commits`() async throws {
        let place = try Folder()
        let store = try place.store()
        try await store.put(OrganizationSettings(id: "acme"))
        let commits = CommitCount()
        store.pool.add(transactionObserver: commits)
        let batcher = AdmissionBatcher(directory: store)
        let outcomes = await withTaskGroup { group in
            for number in 0..<1000 {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        batcher.submit(.user("user\(number)@acme.test")) { continuation.resume(returning: $0) }
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        await batcher.shutdown()
        #expect(outcomes.count { if case .admitted(_, created: true) = $0 { true } else { false } } == 1000)
        #expect((1...200).contains(commits.count), "\(commits.count) commits")
    }

    @Test func `a sign-in that can't be written is unavailable, and doesn't use the token up`() async throws {
        let place = try Folder()
        let store = try place.store()
        try await store.put(OrganizationSettings(id: "acme"))
        let request = SignInRequest(
            admission: .user("ann@acme.test"), tokenDigest: [UInt8](repeating: 1, count: 32), rememberUntil: .infinity)
        // The mark fails after the user was written: both go.
        try await store.pool.write {
            try $0.execute(
                sql: """
                    CREATE TRIGGER full BEFORE INSERT ON used_tokens BEGIN SELECT RAISE(ABORT, 'full'); END
                    """)
        }
        #expect(await store.signIn(request) == .unavailable)
        #expect(try await store.countUsers(of: "acme") == 0)
        try await store.pool.write { try $0.execute(sql: "DROP TRIGGER full") }
        #expect(await store.signIn(request) != .unavailable)
        #expect(await store.signIn(request) == .refused(.tokenReplayed))
    }

    @Test func `a session is read while another process writes`() async throws {
        let place = try Folder()
        let store = try place.store(busyTimeout: 0.05)
        try await store.put(OrganizationSettings(id: "acme"))
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: place.path("store.db"), configuration: configuration)
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        let digest = SessionDigest(bytes: [UInt8](repeating: 1, count: 32))
        #expect(await store.resume(digest, of: "acme", now: 1) == .ended)
        await #expect(throws: StoreError.self) { try await store.end(digest, of: "acme") }
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        #expect(try await store.end(digest, of: "acme") == nil)
    }
}
