import IdentityCore
import Testing
import UserDirectory

@Suite struct SignInConformance {
    @Test(arguments: StoreFactory.all)
    func `a token signs in once, also after a restart`(_ factory: StoreFactory) async throws {
        let (store, place) = try await factory.fresh()
        let first = await store.signIn(.ann())
        #expect(first.isCreation)
        #expect(await store.signIn(.ann()) == .refused(.tokenReplayed))
        let reopened = try factory.open(place)
        #expect(await reopened.signIn(.ann()) == .refused(.tokenReplayed))
        let second = await reopened.signIn(.ann(2))
        #expect(second.user?.id == first.user?.id && !second.isCreation)
        #expect(try await store.user("7", of: "acme")?.id == first.user?.id)
    }

    @Test(arguments: StoreFactory.all)
    func `of many sign-ins with one token at once exactly one succeeds`(_ factory: StoreFactory) async throws {
        let (store, place) = try await factory.fresh()
        let stores = [store, try factory.open(place)]
        for token: UInt8 in 1...10 {
            let outcomes = await withTaskGroup { group in
                for number in 0..<8 { group.addTask { await stores[number % 2].signIn(.ann(token)) } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count { $0.user != nil } == 1)
            #expect(outcomes.count { $0 == .refused(.tokenReplayed) } == 7)
        }
    }

    @Test(arguments: StoreFactory.all)
    func `a refused user doesn't use the token up`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        let unknown = SignInRequest(
            admission: .verified(profile(id: "7", email: "ann@acme.test"), mode: .updateOnly),
            tokenDigest: [UInt8](repeating: 1, count: 32), rememberUntil: .infinity)
        #expect(await store.signIn(unknown) == .refused(.userUnknown))
        _ = try await store.importUsers([profile(id: "7", email: "ann@acme.test")], into: "acme")
        try await store.setBlocked(true, user: "7", of: "acme")
        #expect(await store.signIn(unknown).refusal == .userBlocked)
        try await store.setBlocked(false, user: "7", of: "acme")
        #expect(await store.signIn(unknown).user != nil)
        #expect(await store.signIn(unknown) == .refused(.tokenReplayed))
        #expect(await store.signIn(.ann(organization: "nowhere")) == .refused(.organizationUnknown))
    }

    @Test(arguments: StoreFactory.all)
    func `a token that can't be told from the next one is never used up`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        let timeless = SignInRequest(
            admission: .verified(profile(id: "7", email: "ann@acme.test")), tokenDigest: nil, rememberUntil: .infinity)
        for _ in 0..<3 { #expect(await store.signIn(timeless).user != nil) }
        #expect(await store.signIn(.ann()).user != nil)
        #expect(await store.signIn(.ann()) == .refused(.tokenReplayed))
    }

    @Test(arguments: StoreFactory.all)
    func `the same token counts for each organization by itself`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        try await store.put(OrganizationSettings(id: "other"))
        #expect(await store.signIn(.ann()).isCreation)
        #expect(await store.signIn(.ann(organization: "other")).isCreation)
        #expect(await store.signIn(.ann(organization: "other")) == .refused(.tokenReplayed))
    }

    @Test(arguments: StoreFactory.all)
    func `a token is remembered until it is too old, and is then too old`(_ factory: StoreFactory) async throws {
        let (store, place) = try await factory.fresh()
        let expiry = place.now + 100
        #expect(await store.signIn(.ann(until: expiry)).isCreation)
        #expect(await store.signIn(.ann(2, until: .infinity)).user != nil)
        place.pass(99)
        try await store.removeExpired(now: place.now)
        #expect(await store.signIn(.ann(until: expiry)) == .refused(.tokenReplayed))
        place.pass(1)
        #expect(try await store.removeExpired(now: place.now) == 1)
        #expect(await store.signIn(.ann(until: expiry)) == .refused(.tokenExpired))
        place.pass(1e9)
        #expect(try await store.removeExpired(now: place.now) == 0)
        #expect(await store.signIn(.ann(2, until: .infinity)) == .refused(.tokenReplayed))
    }

    @Test(arguments: StoreFactory.all)
    func `a used token outlives its user and its organization`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        _ = await store.signIn(.ann())
        try await store.deleteUser("7", of: "acme")
        #expect(await store.signIn(.ann()) == .refused(.tokenReplayed))
        try await store.deleteOrganization("acme")
        try await store.put(OrganizationSettings(id: "acme"))
        #expect(await store.signIn(.ann()) == .refused(.tokenReplayed))
    }

    @Test(arguments: StoreFactory.all)
    func `the last success and the last failure of a test are kept`(_ factory: StoreFactory) async throws {
        let (store, place) = try await factory.fresh()
        #expect(try await store.signInTests(of: "acme") == SignInTests())
        let generation = try await store.generation()
        let success = SignInTest(fingerprint: "a", at: 1, failure: nil)
        let failure = SignInTest(fingerprint: "b", at: 2, failure: .tokenSignatureMismatch)
        try await store.record(success, of: "acme")
        try await store.record(failure, of: "acme")
        #expect(try await store.signInTests(of: "acme") == SignInTests(lastSuccess: success, lastFailure: failure))
        let later = SignInTest(fingerprint: "b", at: 3, failure: nil)
        try await store.record(later, of: "acme")
        let reopened = try factory.open(place)
        #expect(try await reopened.signInTests(of: "acme") == SignInTests(lastSuccess: later, lastFailure: failure))
        #expect(try await store.generation() == generation)
        await #expect(throws: StoreError.organizationUnknown("no")) { try await store.record(success, of: "no") }
        await #expect(throws: StoreError.organizationUnknown("no")) { try await store.signInTests(of: "no") }
        try await store.deleteOrganization("acme")
        try await store.put(OrganizationSettings(id: "acme"))
        #expect(try await store.signInTests(of: "acme") == SignInTests())
    }
}
