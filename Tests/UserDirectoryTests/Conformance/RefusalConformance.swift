import IdentityCore
import Testing
import UserDirectory

/// Users who were let in once and aren't any more.
@Suite struct RefusalConformance {
    @Test(arguments: StoreFactory.all)
    func `a blocked user is refused and not updated`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        await _ = store.admit(.verified(profile(id: "7", email: "ann@acme.test")))
        #expect(try await store.setBlocked(true, user: "7", of: "acme"))
        let renamed = profile(id: "7", email: "ann@acme.test", name: "New")
        #expect(await store.admit(.verified(renamed)).refusal == .userBlocked)
        #expect(await store.admit(.plain(profile(id: "7"))).refusal == .userBlocked)
        #expect(try await store.user("7", of: "acme")?.profile.name == nil)
        #expect(try await store.setBlocked(false, user: "7", of: "acme"))
        #expect(await store.admit(.verified(renamed)).user?.blockedAt == nil)
        #expect(try await !store.setBlocked(true, user: "nobody", of: "acme"))
    }

    @Test(arguments: StoreFactory.all)
    func `a refusal names the user whom it concerns`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        let ann = profile(id: "7", email: "ann@acme.test")
        let id = try #require(await store.admit(.verified(ann)).user?.id)
        try await store.signOutEverywhere(user: "7", of: "acme", at: 1000)
        #expect(await store.admit(.verified(ann, issuedAt: 999)) == .refused(.tokenRevoked, user: id))
        #expect(try await store.setBlocked(true, user: "7", of: "acme"))
        #expect(await store.admit(.verified(ann, issuedAt: 1001)) == .refused(.userBlocked, user: id))
        // A batch that has something to write is decided by another transaction.
        let bob = AdmissionRequest.verified(profile(email: "bob@acme.test"))
        #expect(await store.admit([bob, .verified(ann, issuedAt: 999)])[1] == .refused(.tokenRevoked, user: id))
        let nobody = AdmissionRequest.verified(profile(email: "nobody@acme.test"), mode: .updateOnly)
        #expect(await store.admit(nobody) == .refused(.userUnknown))
    }

    @Test(
        arguments: StoreFactory.all,
        [(999.0, false), (1000.0, false), (1000.5, true), (1000.75, true), (1001.0, true), (nil, false), (.nan, false)]
            as [(Double?, Bool)])
    func `tokens from before a sign-out everywhere are revoked`(
        _ factory: StoreFactory, _ row: (issuedAt: Double?, admitted: Bool)
    ) async throws {
        let (store, _) = try await factory.fresh()
        let ann = profile(email: "ann@acme.test")
        await _ = store.admit(.verified(ann))
        #expect(try await store.signOutEverywhere(user: "ann@acme.test", of: "acme", at: 1000.5))
        let outcome = await store.admit(.verified(ann, issuedAt: row.issuedAt))
        #expect(row.admitted ? outcome.user != nil : outcome.refusal == .tokenRevoked)
    }

    @Test(arguments: StoreFactory.all)
    func `an earlier sign-out doesn't undo a later one`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        await _ = store.admit(.verified(profile(id: "7", email: "ann@acme.test")))
        try await store.signOutEverywhere(user: "7", of: "acme", at: 2000)
        let generation = try await store.generation()
        #expect(try await store.signOutEverywhere(user: "7", of: "acme", at: 1000))
        #expect(try await store.user("7", of: "acme")?.tokensValidAfter == 2000)
        #expect(try await store.generation() == generation)
        #expect(try await !store.signOutEverywhere(user: "8", of: "acme", at: 1000))
    }

    @Test(arguments: StoreFactory.all)
    func `a deleted user is unknown again`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        let ann = profile(id: "7", email: "ann@acme.test")
        let first = await store.admit(.verified(ann))
        #expect(try await store.deleteUser("7", of: "acme"))
        #expect(try await !store.deleteUser("7", of: "acme"))
        #expect(await store.admit(.verified(ann, mode: .updateOnly)) == .refused(.userUnknown))
        let second = await store.admit(.verified(ann))
        #expect(second.isCreation && second.user?.id != first.user?.id)
    }
}
