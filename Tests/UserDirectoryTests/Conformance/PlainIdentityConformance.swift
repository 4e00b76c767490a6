import IdentityCore
import Testing
import UserDirectory

@Suite struct PlainIdentityConformance {
    @Test(arguments: StoreFactory.all)
    func `what nobody vouched for is named`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        let made = await store.admit(.plain(profile(id: "7", email: "ann@acme.test", name: "Ann")))
        #expect(made.isCreation && made.user?.unverified == ["email", "name"])
        #expect(await store.admit(.plain(profile(id: "7", email: "ann@acme.test"))).user == made.user)
        let renamed = await store.admit(.plain(profile(id: "7", name: "Anna")))
        #expect(renamed.user?.profile.name == "Anna" && renamed.user?.unverified == ["email", "name"])
        #expect(try await store.user("7", of: "acme") == renamed.user)
    }

    @Test(arguments: StoreFactory.all)
    func `verified data is never overwritten, gaps are filled`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        let known = await store.admit(.verified(profile(id: "7", email: "ann@acme.test")))
        var claimed = profile(id: "7", email: "evil@acme.test", name: "Ann")
        claimed.company = .init()
        claimed.company?.mrr = "1"
        let user = try #require(await store.admit(.plain(claimed)).user)
        #expect(user.id == known.user?.id && user.profile.email == "ann@acme.test" && user.profile.name == "Ann")
        #expect(user.unverified == ["name", "company"])
        var vouched = profile(id: "7", email: "ann@acme.test", name: "Ann")
        vouched.company = .init()
        vouched.company?.name = "Acme"
        let after = try #require(await store.admit(.verified(vouched)).user)
        #expect(after.unverified.isEmpty, "the same name is verified once it is vouched for")
        #expect(after.profile.company?.mrr == nil, "nothing unverified may stay within a verified field")
        await _ = store.admit(.plain(claimed))
        #expect(try await store.user("7", of: "acme") == after)
    }

    @Test(arguments: StoreFactory.all)
    func `a plain identity is not found by email and leads nobody to itself by email`(
        _ factory: StoreFactory
    ) async throws {
        let (store, _) = try await factory.fresh()
        let victim = await store.admit(.verified(profile(id: "1", email: "victim@acme.test")))
        let claimant = await store.admit(.plain(profile(id: "2", email: "victim@acme.test")))
        #expect(claimant.isCreation && claimant.user?.id != victim.user?.id)
        #expect(claimant.user?.unverified == ["email"])

        // The address is claimed before its owner first comes.
        await _ = store.admit(.plain(profile(id: "3", email: "later@acme.test")))
        for rule in MatchRule.allCases {
            let owner = await store.admit(
                .verified(profile(id: "4", email: "later@acme.test"), matchBy: rule, emailMatching: .ignoreCase))
            #expect(owner.user?.profile.externalID == "4")
        }
        #expect(try await store.user("later@acme.test", of: "acme")?.profile.externalID == "4")
        #expect(try await store.countUsers(of: "acme") == 4)
    }

    @Test(arguments: StoreFactory.all, MatchRule.allCases)
    func `who came by plain identity is the same person when a token names the id`(
        _ factory: StoreFactory, _ rule: MatchRule
    ) async throws {
        let (store, _) = try await factory.fresh()
        let plain = await store.admit(.plain(profile(id: "7", email: "ann@acme.test")))
        let token = await store.admit(.verified(profile(id: "7", email: "ann@acme.test"), matchBy: rule))
        #expect(token.user?.id == plain.user?.id && token.user?.unverified == [])
        let byEmail = await store.admit(.verified(profile(email: "ann@acme.test"), matchBy: rule))
        #expect(byEmail.user?.id == plain.user?.id)
    }
}
