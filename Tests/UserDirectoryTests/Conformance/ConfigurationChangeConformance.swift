import Testing
import UserDirectory

@Suite struct ConfigurationChangeConformance {
    @Test(arguments: StoreFactory.all)
    func `only what has changed is read again`(_ factory: StoreFactory) async throws {
        let (store, place) = try await factory.fresh()
        let gateway = try factory.open(place)
        for id in ["beta", "zeta"] { try await store.put(OrganizationSettings(id: id)) }
        let secret = try await store.addSecret(SecretPolicy.generate(), purpose: .api, to: "zeta").id
        let first = try await gateway.loadAll()

        let nothing = try await gateway.load(changedSince: first.generation)
        #expect(nothing.generation == first.generation && nothing.changed.isEmpty)
        #expect(nothing.ids == ["acme", "beta", "zeta"])

        try await store.put(OrganizationSettings(id: "beta", name: "New"))
        try await store.revokeSecret(secret, of: "zeta")
        let second = try await gateway.load(changedSince: first.generation)
        #expect(second.generation == first.generation + 2)
        let changed = second.changed.sorted { $0.settings.id < $1.settings.id }
        #expect(changed.map(\.settings.id) == ["beta", "zeta"])
        #expect(changed.map(\.generation) == [first.generation + 1, first.generation + 2])
        #expect(changed[0].settings.name == "New" && changed[1].secrets.isEmpty)
        #expect(try await gateway.load(changedSince: first.generation + 1).changed.map(\.settings.id) == ["zeta"])

        try await store.deleteOrganization("beta")
        try await store.put(OrganizationSettings(id: "new"))
        let third = try await gateway.load(changedSince: second.generation)
        #expect(third.changed.map(\.settings.id) == ["new"] && third.ids == ["acme", "new", "zeta"])
        let whole = try await gateway.load(changedSince: -1)
        #expect(Set(whole.changed.map(\.settings.id)) == whole.ids)
    }

    @Test(arguments: StoreFactory.all)
    func `an organization that was deleted and made again has changed`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        let before = try await store.generation()
        try await store.deleteOrganization("acme")
        try await store.put(OrganizationSettings(id: "acme"))
        let change = try await store.load(changedSince: before)
        #expect(change.changed.map(\.generation) == [before + 2] && change.ids == ["acme"])
    }

    @Test(arguments: StoreFactory.all, OrganizationChange.unconcerning)
    func `what concerns no organization changes none`(
        _ factory: StoreFactory, _ change: OrganizationChange
    ) async throws {
        let (store, _) = try await factory.fresh()
        var owner = OrganizationSettings(id: "owner")
        owner.hosts = ["taken.test"]
        try await store.put(owner)
        for id in ["acme", "owner"] { try await store.addSecret(SecretPolicy.generate(), purpose: .api, to: id) }
        let users = [profile(id: "7", email: "ann@users.test"), profile(id: "8", email: "bob@users.test")]
        _ = try await store.importUsers(users, into: "acme")
        try await store.signOutEverywhere(user: "8", of: "acme", at: 2)
        try await store.setBlocked(true, user: "8", of: "acme")
        let before = try await store.generation()
        #expect(try await change.make(store, "acme"))
        let after = try await store.load(changedSince: before)
        #expect(after.changed.isEmpty && after.ids == ["acme", "owner"])
    }
}
