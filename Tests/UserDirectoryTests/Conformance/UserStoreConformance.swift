import IdentityCore
import Testing
import UserDirectory

@Suite struct UserStoreConformance {
    @Test(arguments: StoreFactory.all)
    func `10 000 users are paged through in order of creation`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        let profiles = (0..<10_000).map { profile(id: "\($0)", email: "user\($0)@acme.test") }
        #expect(try await store.importUsers(profiles, into: "acme") == (10_000, 0))
        var ids: [String] = []
        var cursor: String?
        while true {
            let page = try await store.users(of: "acme", search: nil, after: cursor, limit: 999)
            guard let last = page.last else { break }
            ids += page.compactMap(\.profile.externalID)
            cursor = last.id
        }
        #expect(ids == profiles.compactMap(\.externalID))
        #expect(try await store.countUsers(of: "acme") == 10_000)
        await #expect(throws: StoreError.userUnknown("usr_gone")) {
            try await store.users(of: "acme", search: nil, after: "usr_gone", limit: 1)
        }
    }

    @Test(arguments: StoreFactory.all)
    func `a search matches beginnings`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        try await store.put(OrganizationSettings(id: "other"))
        let profiles = [
            profile(id: "x-1", email: "Ann@acme.test", name: "Zoë"), profile(id: "x-2", email: "bob@acme.test"),
            profile(id: "y-1", email: "cid@acme.test", name: "ANNABEL"), profile(id: "%", email: "_@acme.test"),
        ]
        try await _ = store.importUsers(profiles, into: "acme")
        try await _ = store.importUsers([profile(id: "x-9", email: "ann@other.test")], into: "other")
        func found(_ search: String, after: String? = nil, limit: Int = 10) async throws -> [String] {
            try await store.users(of: "acme", search: search, after: after, limit: limit)
                .compactMap(\.profile.externalID)
        }
        #expect(try await found("ann") == ["x-1", "y-1"])
        #expect(try await found("ANN") == ["x-1", "y-1"])
        #expect(try await found("zOË") == ["x-1"])
        #expect(try await found("x-") == ["x-1", "x-2"])
        #expect(try await found("x-", limit: 1) == ["x-1"])
        #expect(try await found("X-").isEmpty, "ids keep their case")
        #expect(try await found("%") == ["%"])
        #expect(try await found("nn").isEmpty)
        let ann = try #require(try await store.user("x-1", of: "acme"))
        #expect(try await found(String(ann.id.prefix(12))) == ["x-1"])
        #expect(try await found("ann", after: ann.id) == ["y-1"])
        #expect(try await found("") == ["x-1", "x-2", "y-1", "%"])
    }

    @Test(arguments: StoreFactory.all)
    func `a user is found by directory id, else by external id, else by email`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        let ann = try #require(await store.admit(.verified(profile(id: "1", email: "Ann@acme.test"))).user)
        await _ = store.admit(.verified(profile(id: ann.id, email: "1")))
        #expect(try await store.user(ann.id, of: "acme") == ann)
        #expect(try await store.user("1", of: "acme") == ann)
        #expect(try await store.user("Ann@acme.test", of: "acme") == ann)
        #expect(try await store.user("ann@acme.test", of: "acme") == ann)
        #expect(try await store.user("2", of: "acme") == nil)
    }

    @Test(arguments: StoreFactory.all)
    func `an import counts what it did and vouches for it`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        await _ = store.admit(.plain(profile(id: "1", email: "ann@acme.test", name: "Ann")))
        await _ = store.admit(.verified(profile(id: "2", email: "bob@acme.test")))
        try await store.setBlocked(true, user: "2", of: "acme")
        let imported = [
            profile(id: "1", email: "ann@acme.test"), profile(id: "2", email: "bob@acme.test", name: "Bob"),
            profile(email: "cid@acme.test"), profile(email: "cid@acme.test"),
        ]
        #expect(try await store.importUsers(imported, into: "acme") == (1, 2))
        #expect(try await store.importUsers(imported, into: "acme") == (0, 0))
        #expect(try await store.user("1", of: "acme")?.unverified == ["name"])
        let bob = try await store.user("2", of: "acme")
        #expect(bob?.profile.name == "Bob" && bob?.blockedAt != nil)
    }

    @Test(arguments: StoreFactory.all)
    func `an import is all or nothing`(_ factory: StoreFactory) async throws {
        var settings = OrganizationSettings(id: "acme")
        settings.matchBy = .idThenEmail
        let (store, _) = try await factory.fresh(settings)
        let good = [profile(id: "1", email: "ann@acme.test"), profile(id: "2", email: "bob@acme.test")]
        await #expect(throws: StoreError.importRefused(index: 2, code: "identity_conflict")) {
            try await store.importUsers(good + [profile(id: "1", email: "bob@acme.test")], into: "acme")
        }
        await #expect(throws: StoreError.importRefused(index: 0, code: "token_claim_invalid")) {
            try await store.importUsers([profile(name: "nobody")], into: "acme")
        }
        await #expect(throws: StoreError.organizationUnknown("nobody")) {
            try await store.importUsers(good, into: "nobody")
        }
        #expect(try await store.countUsers(of: "acme") == 0)
    }
}
