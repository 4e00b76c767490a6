import Testing
import UserDirectory

@Suite struct SecretEndConformance {
    @Test(arguments: StoreFactory.all)
    func `a secret with a planned end is loaded with it, and not any more once it has come`(
        _ factory: StoreFactory
    ) async throws {
        let (store, place) = try await factory.fresh()
        let old = try await store.addSecret(SecretPolicy.generate(), purpose: .api, to: "acme")
        place.pass(1)
        let new = try await store.addSecret(SecretPolicy.generate(), purpose: .api, to: "acme")
        let before = try await store.generation()
        let end = place.now + 60
        #expect(try await store.administer { try $0.setEnd(end, ofSecret: old.id, of: "acme") })
        let change = try await store.load(changedSince: before)
        #expect(change.changed.first?.secrets.map(\.validUntil) == [end, nil])
        place.pass(59)
        #expect(try await store.loadAll().organizations[0].secrets.map(\.id) == [old.id, new.id])
        place.pass(1)
        #expect(try await store.loadAll().organizations[0].secrets.map(\.id) == [new.id])
        #expect(try await store.load(changedSince: before).changed[0].secrets.map(\.id) == [new.id])
        let listed = try await factory.open(place).secrets(of: "acme")
        #expect(listed.map(\.validUntil) == [end, nil] && listed.allSatisfy { $0.revokedAt == nil })
        #expect(listed.map { $0.isActive(at: place.now) } == [false, true])
        #expect(try await !store.administer { try $0.setEnd(nil, ofSecret: old.id, of: "acme") })
        #expect(try await !store.revokeSecret(old.id, of: "acme"))
    }

    @Test(arguments: StoreFactory.all)
    func `a planned end can be taken back, by its own organization`(_ factory: StoreFactory) async throws {
        let (store, place) = try await factory.fresh()
        try await store.put(OrganizationSettings(id: "other"))
        let secret = try await store.addSecret(SecretPolicy.generate(), purpose: .api, to: "acme")
        let end = place.now + 1
        #expect(try await !store.administer { try $0.setEnd(end, ofSecret: secret.id, of: "other") })
        #expect(try await store.administer { try $0.setEnd(end, ofSecret: secret.id, of: "acme") })
        #expect(try await store.administer { try $0.setEnd(nil, ofSecret: secret.id, of: "acme") })
        place.pass(2)
        #expect(try await store.loadAll().organizations.first { $0.settings.id == "acme" }?.secrets.count == 1)
    }

    @Test(arguments: StoreFactory.all)
    func `a secret that has ended makes room for another`(_ factory: StoreFactory) async throws {
        let (store, place) = try await factory.fresh()
        var last = ""
        for _ in 0..<4 { last = try await store.addSecret(SecretPolicy.generate(), purpose: .api, to: "acme").id }
        let id = last
        let end = place.now + 1
        try await store.administer { _ = try $0.setEnd(end, ofSecret: id, of: "acme") }
        await #expect(throws: StoreError.tooManySecrets(limit: 4)) {
            try await store.addSecret(SecretPolicy.generate(), purpose: .api, to: "acme")
        }
        place.pass(1)
        try await store.addSecret(SecretPolicy.generate(), purpose: .api, to: "acme")
    }
}
