import IdentityCore
import Testing
import UserDirectory

@Suite struct AdmissionConformance {
    @Test(arguments: StoreFactory.all)
    func `a new user is created once and then known`(_ factory: StoreFactory) async throws {
        let (store, place) = try await factory.fresh()
        let first = await store.admit(.verified(profile(id: "7", email: "ann@acme.test", name: "Ann")))
        place.pass(10)
        let second = await store.admit(.verified(profile(id: "7", email: "ann@acme.test", name: "Ann")))
        let user = try #require(first.user)
        #expect(first == .admitted(user, created: true))
        #expect(second == .admitted(user, created: false), "nothing changed, so not even updatedAt may")
        #expect(user.id.hasPrefix("usr_") && user.id.utf8.count == 30)
        #expect(user.profile == profile(id: "7", email: "ann@acme.test", name: "Ann"))
        #expect(user.createdAt == 1_700_000_000 && user.updatedAt == 1_700_000_000)
        #expect(user.role == .user && user.unverified.isEmpty)
    }

    @Test(arguments: StoreFactory.all)
    func `what was admitted is there after the store is opened again`(_ factory: StoreFactory) async throws {
        let place = try Place()
        var store: (any Store)? = try factory.open(place)
        try await store?.put(OrganizationSettings(id: "acme"))
        var full = profile(id: "7", email: "ann@acme.test", name: "Ann \u{0}\u{1F600}\"\\")
        full.company = .init()
        full.company?.name = "Acme"
        full.company?.mrr = "10.99"
        full.segments = ["a", "b"]
        full.weight = 3
        full.forums = .init()
        full.forums?.deny = ["9"]
        full.preferences = .init()
        full.preferences?.updates = false
        full.meta = RawJSON(text: #"{"a":[1.50,null]}"#)
        let made = await store?.admit(.verified(full)).user
        store = nil
        let reopened = try await factory.open(place).user("7", of: "acme")
        #expect(reopened?.profile == full)
        #expect(reopened == made)
    }

    @Test(arguments: StoreFactory.all)
    func `only what is said is overwritten`(_ factory: StoreFactory) async throws {
        let (store, place) = try await factory.fresh()
        var first = profile(id: "7", email: "ann@acme.test", name: "Ann")
        first.company = .init()
        first.company?.name = "Acme"
        first.company?.plan = "free"
        await _ = store.admit(.verified(first))
        place.pass(10)
        var second = profile(email: "ann@acme.test")
        second.status = "trial"
        second.company = .init()
        second.company?.plan = "pro"
        let user = try #require(await store.admit(.verified(second)).user)
        #expect(user.profile.externalID == "7" && user.profile.name == "Ann" && user.profile.status == "trial")
        #expect(user.profile.company?.name == "Acme" && user.profile.company?.plan == "pro")
        #expect(user.createdAt == 1_700_000_000 && user.updatedAt == 1_700_000_010)
        #expect(try await store.user(user.id, of: "acme") == user)
    }

    @Test(arguments: StoreFactory.all)
    func `preferences hold from the creation of a user`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        var said = profile(email: "ann@acme.test")
        said.preferences = .init()
        said.preferences?.updates = true
        await _ = store.admit(.verified(said))
        said.preferences?.updates = false
        let user = await store.admit(.verified(said)).user
        #expect(user?.profile.preferences?.updates == true)
    }

    @Test(arguments: StoreFactory.all)
    func `update_only refuses who is unknown and writes nothing`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        let ann = profile(id: "7", email: "ann@acme.test")
        #expect(await store.admit(.verified(ann, mode: .updateOnly)) == .refused(.userUnknown))
        #expect(await store.admit(.plain(ann, mode: .updateOnly)) == .refused(.userUnknown))
        #expect(try await store.countUsers(of: "acme") == 0)
        await _ = store.admit(.verified(ann))
        let renamed = profile(id: "7", email: "ann@acme.test", name: "Ann")
        #expect(await store.admit(.verified(renamed, mode: .updateOnly)).user?.profile.name == "Ann")
    }

    @Test(arguments: StoreFactory.all)
    func `an id and an email of two users are a conflict`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        await _ = store.admit(.verified(profile(id: "1", email: "ann@acme.test"), matchBy: .idThenEmail))
        await _ = store.admit(.verified(profile(id: "2", email: "bob@acme.test"), matchBy: .idThenEmail))
        let before = try await store.users(of: "acme", search: nil, after: nil, limit: 10)
        let both = AdmissionRequest.verified(
            profile(id: "1", email: "bob@acme.test", name: "?"), matchBy: .idThenEmail, emailMatching: .ignoreCase)
        #expect(await store.admit(both) == .refused(.identityConflict))
        #expect(try await store.users(of: "acme", search: nil, after: nil, limit: 10) == before)
    }

    @Test(arguments: StoreFactory.all)
    func `an id comes before an email and the email follows`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        let first = await store.admit(.verified(profile(id: "1", email: "old@acme.test"), matchBy: .idThenEmail))
        let moved = await store.admit(.verified(profile(id: "1", email: "new@acme.test"), matchBy: .idThenEmail))
        #expect(moved.user?.id == first.user?.id && moved.user?.profile.email == "new@acme.test")
        let byEmail = await store.admit(.verified(profile(email: "new@acme.test"), matchBy: .idThenEmail))
        #expect(byEmail.user?.id == first.user?.id)
        let gone = await store.admit(.verified(profile(email: "old@acme.test"), matchBy: .idThenEmail))
        #expect(gone.isCreation)
    }

    @Test(arguments: StoreFactory.all)
    func `matched by email one id may be two users'`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        let one = await store.admit(.verified(profile(id: "1", email: "old@acme.test")))
        let two = await store.admit(.verified(profile(id: "1", email: "new@acme.test")))
        #expect(two.isCreation && one.user?.id != two.user?.id)
        #expect(try await store.user("1", of: "acme")?.id == two.user?.id, "the youngest has the id")
    }

    @Test(
        arguments: StoreFactory.all,
        [
            ("Ann@Acme.test", "ann@acme.TEST", true), ("ÄNN@acme.test", "änn@acme.test", true),
            ("ΑΣ@acme.test", "ας@acme.test", false), ("İ@acme.test", "i@acme.test", false),
            ("e\u{301}@acme.test", "é@acme.test", false),
        ])
    func `letter case is ignored where told so, and nothing else`(
        _ factory: StoreFactory, _ pair: (String, String, Bool)
    ) async throws {
        let (store, _) = try await factory.fresh()
        let (first, second, same) = pair
        let one = await store.admit(.verified(profile(email: first), emailMatching: .ignoreCase))
        let two = await store.admit(.verified(profile(email: second), emailMatching: .ignoreCase))
        #expect((one.user?.id == two.user?.id) == same)
        #expect(Array((two.user?.profile.email ?? "").utf8) == Array(second.utf8))
    }

    @Test(arguments: StoreFactory.all)
    func `compared exactly, letter case makes two users`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        let one = await store.admit(.verified(profile(email: "Ann@acme.test")))
        let two = await store.admit(.verified(profile(email: "ann@acme.test")))
        #expect(two.isCreation && one.user?.id != two.user?.id)
        // Should the setting change, the very same address comes before another case of it.
        let exact = await store.admit(.verified(profile(email: "ann@acme.test"), emailMatching: .ignoreCase))
        let other = await store.admit(.verified(profile(email: "ANN@acme.test"), emailMatching: .ignoreCase))
        #expect(exact.user?.id == two.user?.id && other.user?.id == one.user?.id)
    }

    @Test(arguments: StoreFactory.all)
    func `keys with a NUL, empty keys and no keys are refused`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        await _ = store.admit(.verified(profile(id: "5", email: "ann@acme.test")))
        for bad in [
            profile(id: "5\u{0}x", email: "b@acme.test"), profile(id: "6", email: "ann@acme.test\u{0}"),
            profile(id: "", email: "b@acme.test"), profile(name: "nobody"),
        ] {
            #expect(await store.admit(.verified(bad)) == .refused(.tokenClaimInvalid))
            #expect(await store.admit(.plain(bad)) == .refused(.identityMalformed))
        }
        #expect(try await store.user("5\u{0}x", of: "acme") == nil)
        #expect(try await store.countUsers(of: "acme") == 1)
    }

    @Test(arguments: StoreFactory.all)
    func `users of two organizations have nothing to do with each other`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        try await store.put(OrganizationSettings(id: "other"))
        let ann = profile(id: "7", email: "ann@acme.test")
        let one = await store.admit(.verified(ann))
        let two = await store.admit(.verified(ann, organization: "other"))
        #expect(two.isCreation && one.user?.id != two.user?.id)
        #expect(await store.admit(.verified(ann, organization: "nobody")) == .refused(.organizationUnknown))
        #expect(try await store.user(one.user?.id ?? "", of: "other") == nil)
    }

    @Test(arguments: StoreFactory.all)
    func `a batch is answered in order and sees its own writes`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        await _ = store.admit(.verified(profile(email: "known@acme.test")))
        let outcomes = await store.admit([
            .verified(profile(email: "known@acme.test")),
            .verified(profile(email: "new@acme.test"), mode: .updateOnly),
            .verified(profile(email: "new@acme.test")),
            .verified(profile(email: "new@acme.test", name: "New"), mode: .updateOnly),
            .verified(profile(email: "x@acme.test"), organization: "nobody"),
            .verified(profile(email: "known@acme.test", name: "Known")),
        ])
        #expect(outcomes.map(\.isCreation) == [false, false, true, false, false, false])
        #expect(outcomes[1] == .refused(.userUnknown))
        #expect(outcomes[3].user?.id == outcomes[2].user?.id && outcomes[3].user?.profile.name == "New")
        #expect(outcomes[4] == .refused(.organizationUnknown))
        #expect(outcomes[5].user?.profile.name == "Known")
        #expect(try await store.countUsers(of: "acme") == 2)
        #expect(await store.admit([AdmissionRequest]()) == [])
    }

    @Test(arguments: StoreFactory.all)
    func `200 simultaneous admissions of one new user make one user`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        let outcomes = await withTaskGroup { group in
            for _ in 0..<200 {
                group.addTask { await store.admit(.verified(profile(id: "7", email: "ann@acme.test"))) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.count { $0.isCreation } == 1)
        #expect(Set(outcomes.map { $0.user?.id }).count == 1 && outcomes[0].user != nil)
        #expect(try await store.countUsers(of: "acme") == 1)
    }
}
