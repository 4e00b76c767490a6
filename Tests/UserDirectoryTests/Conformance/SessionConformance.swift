import IdentityCore
import Testing
import UserDirectory

@Suite struct SessionConformance {
    @Test(arguments: StoreFactory.all)
    func `a session comes back with its user, also after a restart`(_ factory: StoreFactory) async throws {
        let portal = try await Portal(factory)
        let session = portal.session(1, user: portal.ann)
        try await portal.store.begin(session)
        let user = try #require(try await portal.store.user("7", of: "acme"))
        for store in [portal.store, try factory.open(portal.place)] {
            #expect(await store.resume(session.digest, of: "acme", now: portal.place.now) == .active(session, user))
            #expect(try await store.sessions(of: "acme", user: nil, limit: 10) == [session])
        }
    }

    @Test(arguments: StoreFactory.all)
    func `a session is its organization's alone`(_ factory: StoreFactory) async throws {
        let portal = try await Portal(factory)
        let store = portal.store
        try await store.put(OrganizationSettings(id: "other"))
        let session = portal.session(1, user: portal.ann)
        try await store.begin(session)
        #expect(await store.resume(session.digest, of: "other", now: portal.place.now) == .ended)
        #expect(try await store.end(session.digest, of: "other") == nil)
        try await store.extend(session.digest, of: "other", until: session.expiresAt + 1)
        for selection: SessionSelection in [.all, .user(portal.ann), .key(portal.key), .session(session.name)] {
            #expect(try await store.endSessions(of: "other", selection) == 0)
        }
        #expect(try await store.sessions(of: "other", user: nil, limit: 10).isEmpty)
        #expect(try await store.sessions(of: "acme", user: nil, limit: 10) == [session])
    }

    @Test(arguments: StoreFactory.all)
    func `a session can't begin without its organization, user and active secret`(
        _ factory: StoreFactory
    ) async throws {
        let portal = try await Portal(factory)
        let store = portal.store
        try await store.put(OrganizationSettings(id: "other"))
        let good = portal.session(1, user: portal.ann)
        var elsewhere = good
        elsewhere.organization = "nowhere"
        await #expect(throws: StoreError.organizationUnknown("nowhere")) { try await store.begin(elsewhere) }
        elsewhere.organization = "other"
        await #expect(throws: StoreError.userUnknown(portal.ann)) { try await store.begin(elsewhere) }
        // Not by another of a user's names: those can come to mean somebody else.
        await #expect(throws: StoreError.userUnknown("7")) { try await store.begin(portal.session(1, user: "7")) }
        await #expect(throws: StoreError.secretUnknown("key_none")) {
            try await store.begin(portal.session(1, user: portal.ann, key: "key_none"))
        }
        try await store.revokeSecret(portal.key, of: "acme")
        await #expect(throws: StoreError.secretUnknown(portal.key)) { try await store.begin(good) }
        #expect(try await store.sessions(of: "acme", user: nil, limit: 10).isEmpty)
    }

    @Test(arguments: StoreFactory.all)
    func `a permit begins one session, and none where that one can't begin`(_ factory: StoreFactory) async throws {
        let portal = try await Portal(factory)
        let store = portal.store
        let permit = SignInPermit(
            digest: [UInt8](repeating: 9, count: 32), rememberUntil: portal.place.now + 360)
        await #expect(throws: StoreError.secretUnknown("key_none")) {
            try await store.begin(portal.session(1, user: portal.ann, key: "key_none"), by: permit)
        }
        try await store.begin(portal.session(1, user: portal.ann), by: permit)
        for store in [store, try factory.open(portal.place)] {
            await #expect(throws: StoreError.permitUsed) {
                try await store.begin(portal.session(2, user: portal.ann), by: permit)
            }
        }
        #expect(try await store.sessions(of: "acme", user: nil, limit: 10).count == 1)
        #expect(try await store.removeExpired(now: permit.rememberUntil - 1) == 0)
        #expect(try await store.removeExpired(now: permit.rememberUntil) == 1)
    }

    @Test(arguments: StoreFactory.all)
    func `an id that is taken, or none at all, begins nothing`(_ factory: StoreFactory) async throws {
        let portal = try await Portal(factory)
        try await portal.store.begin(portal.session(1, user: portal.ann))
        await #expect(throws: StoreError.self) { try await portal.store.begin(portal.session(1, user: portal.bob)) }
        for length in [0, 31, 33] {
            var session = portal.session(2, user: portal.bob)
            session.digest = SessionDigest(bytes: [UInt8](repeating: 2, count: length))
            await #expect(throws: StoreError.self) { try await portal.store.begin(session) }
        }
        #expect(try await portal.store.sessions(of: "acme", user: portal.bob, limit: 10).isEmpty)
    }

    @Test(arguments: StoreFactory.all)
    func `a session ends at its expiry, not before`(_ factory: StoreFactory) async throws {
        let portal = try await Portal(factory)
        let session = portal.session(1, user: portal.ann)
        try await portal.store.begin(session)
        for (moment, isActive) in [
            (session.createdAt, true), (session.expiresAt.nextDown, true), (session.expiresAt, false),
            (session.expiresAt + 1, false),
        ] {
            let outcome = await portal.store.resume(session.digest, of: "acme", now: moment)
            #expect((outcome != .ended) == isActive, "\(moment - session.createdAt) s")
        }
        portal.place.pass(session.expiresAt - portal.place.now)
        #expect(try await portal.store.sessions(of: "acme", user: nil, limit: 10).isEmpty)
        #expect(try await portal.store.endSessions(of: "acme", .all) == 0)
    }

    @Test(arguments: StoreFactory.all)
    func `a session's end moves while it lasts`(_ factory: StoreFactory) async throws {
        let portal = try await Portal(factory)
        let session = portal.session(0, user: portal.ann)
        try await portal.store.begin(session)
        try await portal.store.extend(session.digest, of: "acme", until: session.expiresAt + 100)
        portal.place.pass(86400 + 99)
        #expect(
            try await portal.store.sessions(of: "acme", user: nil, limit: 1).map(\.expiresAt) == [
                session.expiresAt + 100
            ])
        portal.place.pass(1)
        try await portal.store.extend(session.digest, of: "acme", until: session.expiresAt + 1000)
        #expect(await portal.store.resume(session.digest, of: "acme", now: portal.place.now) == .ended)
        try await portal.store.extend(.numbered(9), of: "acme", until: session.expiresAt + 1000)
        #expect(await portal.active().isEmpty)
    }

    @Test(arguments: StoreFactory.all)
    func `an ended session is worthless, also after a restart`(_ factory: StoreFactory) async throws {
        let portal = try await Portal(factory)
        try await portal.beginThree()
        let generation = try await portal.store.generation()
        #expect(try await portal.store.end(.numbered(2), of: "acme") == portal.session(2, user: portal.ann))
        #expect(try await portal.store.end(.numbered(2), of: "acme") == nil)
        #expect(try await portal.store.generation() == generation, "a browser's own leave concerns nobody else")
        #expect(await portal.active() == [1, 3])
        #expect(await portal.active(try factory.open(portal.place)) == [1, 3])
        portal.place.pass(2 * 86400)
        #expect(try await portal.store.end(.numbered(1), of: "acme") == nil, "it had expired")
    }

    @Test(arguments: StoreFactory.all)
    func `a user who is blocked, signed out everywhere or deleted has no session`(
        _ factory: StoreFactory
    ) async throws {
        let portal = try await Portal(factory)
        let store = portal.store
        try await portal.beginThree()
        try await store.setBlocked(true, user: "7", of: "acme")
        #expect(await store.resume(.numbered(1), of: "acme", now: portal.place.now) == .refused(.userBlocked))
        #expect(await portal.active() == [3])
        try await store.setBlocked(false, user: "7", of: "acme")
        #expect(await portal.active() == [1, 2, 3])
        // Between the sessions 1 and 2.
        try await store.signOutEverywhere(user: "7", of: "acme", at: portal.place.now + 1.5)
        #expect(await portal.active() == [2, 3])
        #expect(try await store.sessions(of: "acme", user: portal.ann, limit: 9).map(\.digest) == [.numbered(2)])
        // One that was under way when its user was signed out.
        try await store.begin(portal.session(1, user: portal.ann))
        #expect(await store.resume(.numbered(1), of: "acme", now: portal.place.now) == .ended)
        try await store.deleteUser("7", of: "acme")
        #expect(await portal.active() == [3])
        #expect(await store.resume(.numbered(2), of: "acme", now: portal.place.now) == .ended)
        try await store.deleteOrganization("acme")
        #expect(await portal.active().isEmpty)
    }

    @Test(
        arguments: StoreFactory.all,
        [
            ("all", 4, []), ("user", 2, [3, 4]), ("key", 1, [1, 2, 3]), ("session", 1, [1, 3, 4]),
            ("nobody", 0, [1, 2, 3, 4]),
            ("no key", 0, [1, 2, 3, 4]), ("no session", 0, [1, 2, 3, 4]), ("no name", 0, [1, 2, 3, 4]),
        ] as [(String, Int, [UInt8])])
    func `an operator ends what is named, and every gateway hears of it`(
        _ factory: StoreFactory, _ row: (name: String, count: Int, left: [UInt8])
    ) async throws {
        let portal = try await Portal(factory)
        let gateway = try factory.open(portal.place)
        try await gateway.put(OrganizationSettings(id: "other"))
        let otherKey = try await gateway.addSecret(SecretPolicy.generate(), purpose: .api, to: "acme").id
        try await portal.beginThree()
        try await gateway.begin(portal.session(4, user: portal.bob, key: otherKey))
        let selection: SessionSelection =
            switch row.name {
            case "all": .all
            case "user": .user(portal.ann)
            case "key": .key(otherKey)
            case "session": .session(portal.session(2, user: portal.ann).name)
            case "nobody": .user("7")
            case "no key": .key("key_none")
            case "no session": .session("0000000000000000")
            default: .session("%' OR 1=1 --")
            }
        let before = try await gateway.loadAll()
        #expect(try await portal.store.endSessions(of: "acme", selection) == row.count)
        #expect(await portal.active(gateway) == row.left)
        let after = try await gateway.loadAll()
        #expect(after.generation == before.generation + (row.count > 0 ? 1 : 0))
        let own = row.count > 0 ? after.generation : before.organizations[0].generation
        #expect(after.organizations[0].generation == own)
        #expect(after.organizations[1].generation == before.organizations[1].generation)
        #expect(try await portal.store.endSessions(of: "acme", selection) == 0)
    }

    @Test(arguments: StoreFactory.all)
    func `sessions of an unknown organization are an error`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        await #expect(throws: StoreError.organizationUnknown("no")) { try await store.endSessions(of: "no", .all) }
        await #expect(throws: StoreError.organizationUnknown("no")) {
            try await store.sessions(of: "no", user: nil, limit: 1)
        }
    }

    @Test(arguments: StoreFactory.all)
    func `the youngest sessions come first`(_ factory: StoreFactory) async throws {
        let portal = try await Portal(factory)
        try await portal.beginThree()
        func names(user: String?, limit: Int) async throws -> [UInt8] {
            try await portal.store.sessions(of: "acme", user: user, limit: limit).map { $0.digest.bytes[0] }
        }
        #expect(try await names(user: nil, limit: 10) == [3, 2, 1])
        #expect(try await names(user: nil, limit: 2) == [3, 2])
        #expect(try await names(user: portal.ann, limit: 10) == [2, 1])
        #expect(try await names(user: portal.ann, limit: 0).isEmpty)
        #expect(try await names(user: "7", limit: 10).isEmpty)
    }

    @Test(arguments: StoreFactory.all)
    func `what has expired is forgotten, however much it is, and nothing else`(_ factory: StoreFactory) async throws {
        let portal = try await Portal(factory)
        let store = portal.store
        let now = portal.place.now
        try await portal.beginThree()
        for number in 0..<1100 {
            var session = portal.session(0, user: portal.ann)
            session.digest = SessionDigest(
                bytes: [0xFF, UInt8(number >> 8), UInt8(number & 0xFF)] + [UInt8](repeating: 0, count: 29))
            session.expiresAt = now + 10
            try await store.begin(session)
        }
        for token: UInt8 in 1...4 { _ = await store.signIn(.ann(token, until: now + Double(token))) }
        #expect(try await store.removeExpired(now: now) == 0)
        #expect(try await store.removeExpired(now: now + 3) == 3)
        #expect(try await store.removeExpired(now: (now + 10).nextDown) == 1)
        #expect(try await store.removeExpired(now: now + 10) == 1100)
        #expect(try await store.removeExpired(now: now + 10) == 0)
        #expect(await portal.active() == [1, 2, 3])
    }

    @Test func `a session is shown by the beginning of its digest`() {
        let digest = SessionDigest(bytes: (0..<32).map { $0 < 4 ? $0 : 0xF0 + $0 % 16 })
        let session = PortalSession(
            digest: digest, organization: "acme", user: "u", keyID: "k", createdAt: 0, expiresAt: 1)
        #expect(session.name == "00010203f4f5f6f7")
    }
}
