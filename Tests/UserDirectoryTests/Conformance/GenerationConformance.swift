import IdentityCore
import Testing
import UserDirectory

/// Whose generation a change raises; which changes raise the store's own is in `OrganizationConformance`.
@Suite struct GenerationConformance {
    @Test(arguments: StoreFactory.all, OrganizationChange.concerning)
    func `a change raises its organization's generation to the store's, and no other's`(
        _ factory: StoreFactory, _ change: OrganizationChange
    ) async throws {
        let place = try Place()
        let commandLine = try factory.open(place)
        let gateway = try factory.open(place)
        let ids = ["acme", "beta", "zeta"]
        try await populate(commandLine, ids)
        for id in ids {
            let before = try await generations(gateway)
            #expect(try await change.make(commandLine, id))
            let picture = try await gateway.loadAll()
            let after = try await generations(gateway)
            let own = try #require(after[id])
            #expect(own > before[id] ?? .max)
            #expect(try await own == gateway.generation() && own == picture.generation)
            #expect(after.filter { $0.key != id } == before.filter { $0.key != id })
            #expect(try await generations(commandLine) == after)
            // What only one organization can have goes back.
            try await commandLine.put(OrganizationSettings(id: id))
        }
    }

    @Test(arguments: StoreFactory.all, OrganizationChange.unconcerning)
    func `what changes nothing about an organization's identities raises no organization's generation`(
        _ factory: StoreFactory, _ change: OrganizationChange
    ) async throws {
        let place = try Place()
        let commandLine = try factory.open(place)
        let gateway = try factory.open(place)
        try await populate(commandLine, ["acme", "owner"])
        var owner = OrganizationSettings(id: "owner")
        owner.hosts = ["taken.test"]
        try await commandLine.put(owner)
        let before = try await generations(gateway)
        #expect(try await change.make(commandLine, "acme"))
        #expect(try await generations(gateway) == before)
        #expect(try await generations(commandLine) == before)
    }

    @Test(arguments: StoreFactory.all)
    func `a picture is of one moment while another store writes`(_ factory: StoreFactory) async throws {
        let place = try Place()
        let commandLine = try factory.open(place)
        let gateway = try factory.open(place)
        let ids = ["acme", "beta"]
        for id in ids { try await commandLine.put(OrganizationSettings(id: id, name: "0")) }
        let first = try await gateway.generation()
        async let writing: Void = {
            for number in 1...300 {
                let id = ids[number % 2]
                try await commandLine.put(OrganizationSettings(id: id, name: "\(number)"))
            }
        }()
        var last: Int64 = 0
        while last < first + 300 {
            let picture = try await gateway.loadAll()
            #expect(picture.generation >= last)
            last = picture.generation
            #expect(picture.organizations.map(\.generation).max() == last)
            // Each write is one change, so a name says at which generation it was written.
            for organization in picture.organizations where organization.settings.name != "0" {
                #expect(Int64(organization.settings.name) == organization.generation - first)
            }
        }
        try await writing
    }

    private func generations(_ store: any Store) async throws -> [String: Int64] {
        try await store.loadAll().organizations.reduce(into: [:]) { $0[$1.settings.id] = $1.generation }
    }

    /// Makes the organizations that an `OrganizationChange` expects.
    private func populate(_ store: any Store, _ ids: [String]) async throws {
        for id in ids {
            try await store.put(OrganizationSettings(id: id))
            try await store.addSecret(SecretPolicy.generate(), purpose: .api, to: id)
            let users = [profile(id: "7", email: "ann@users.test"), profile(id: "8", email: "bob@users.test")]
            _ = try await store.importUsers(users, into: id)
            try await store.signOutEverywhere(user: "8", of: id, at: 2)
            try await store.setBlocked(true, user: "8", of: id)
        }
    }
}
