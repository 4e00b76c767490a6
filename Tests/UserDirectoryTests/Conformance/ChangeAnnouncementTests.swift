import DirectoryPostgres
import Testing
import UserDirectory

@Suite("Change announcements", .enabled(if: TestPostgres.server != nil)) struct ChangeAnnouncementTests {
    /// Two gateways' stores at one place, of which the second listens.
    private struct Pair {
        let writer: PostgresStore
        let reader: PostgresStore
        var heard: AsyncStream<ChangeAnnouncement>.Iterator
        let place: Place
    }

    private static func pair() async throws -> Pair {
        let place = try Place()
        let writer = try #require(try StoreFactory.postgres.open(place) as? PostgresStore)
        try await writer.put(OrganizationSettings(id: "acme"))
        try await writer.addSecret(SecretPolicy.generate(), purpose: .api, to: "acme")
        _ = try await writer.importUsers(
            [profile(id: "7", email: "ann@users.test"), profile(id: "8", email: "bob@users.test")], into: "acme")
        try await writer.signOutEverywhere(user: "8", of: "acme", at: 2)
        try await writer.setBlocked(true, user: "8", of: "acme")
        let reader = try #require(try StoreFactory.postgres.open(place) as? PostgresStore)
        var heard = reader.announcements().makeAsyncIterator()
        // There may be something new since before it listened.
        #expect(await heard.next() == ChangeAnnouncement(isListening: true))
        return Pair(writer: writer, reader: reader, heard: heard, place: place)
    }

    @Test(arguments: OrganizationChange.concerning)
    func `each change is announced`(_ change: OrganizationChange) async throws {
        var pair = try await Self.pair()
        let (writer, reader) = (pair.writer, pair.reader)
        #expect(try await change.make(writer, "acme"))
        let last = try await writer.generation()
        // Waits forever for a change that is never announced.
        while await pair.heard.next() != nil, try await reader.generation() < last {}
    }

    @Test func `a session that its browser ends is announced, and is a leave for the others`() async throws {
        var pair = try await Self.pair()
        let (writer, reader) = (pair.writer, pair.reader)
        let start = try await reader.leaves(after: nil).last
        let user = try #require(try await writer.user("7", of: "acme"))
        let key = try #require(try await writer.secrets(of: "acme").first)
        let session = PortalSession(
            digest: .numbered(1), organization: "acme", user: user.id, keyID: key.id, createdAt: 1,
            expiresAt: .infinity)
        try await writer.begin(session)
        let ended = try await writer.end(session.digest, of: "acme")
        #expect(ended == session)
        while await pair.heard.next() != nil {
            let leaves = try await reader.leaves(after: start)
            guard !leaves.users.isEmpty else { continue }
            #expect(leaves.users.map(\.user) == [user.id] && leaves.isComplete)
            break
        }
    }

    @Test func `who was away while leaves were forgotten is told so, once`() async throws {
        let pair = try await Self.pair()
        let (writer, reader, place) = (pair.writer, pair.reader, pair.place)
        let user = try #require(try await writer.user("7", of: "acme"))
        let key = try #require(try await writer.secrets(of: "acme").first)
        func leave(_ number: UInt8) async throws {
            let session = PortalSession(
                digest: .numbered(number), organization: "acme", user: user.id, keyID: key.id, createdAt: 1,
                expiresAt: .infinity)
            try await writer.begin(session)
            _ = try await writer.end(session.digest, of: "acme")
        }
        let start = try await reader.leaves(after: nil).last
        try await leave(1)
        let seen = try await reader.leaves(after: start)
        #expect(seen.users.count == 1 && seen.isComplete)
        try await leave(2)
        place.pass(3601)
        try await leave(3)
        try await writer.removeExpired(now: place.now)
        let rest = try await reader.leaves(after: seen.last)
        #expect(rest.users.count == 1 && !rest.isComplete)
        #expect(try await reader.leaves(after: rest.last).isComplete)
        // Everything is forgotten by now, and nothing new came.
        place.pass(3601)
        try await writer.removeExpired(now: place.now)
        let none = try await reader.leaves(after: rest.last)
        #expect(none.users.isEmpty && none.isComplete)
        let late = try await reader.leaves(after: start)
        #expect(!late.isComplete)
        #expect(try await reader.leaves(after: late.last).isComplete)
    }

    @Test func `gateways count each other while they are alive`() async throws {
        let pair = try await Self.pair()
        let (writer, reader) = (pair.writer, pair.reader)
        #expect(try await writer.noteAlive(gateway: "one") == 1)
        #expect(try await reader.noteAlive(gateway: "two") == 2)
        #expect(try await writer.noteAlive(gateway: "one") == 2)
        await reader.noteGone(gateway: "two")
        #expect(try await writer.noteAlive(gateway: "one") == 1)
    }
}
