import Testing
import UserDirectory

@Suite struct SecretConformance {
    @Test(arguments: StoreFactory.all)
    func `a secret is loaded as given and listed without its text`(_ factory: StoreFactory) async throws {
        let (store, place) = try await factory.fresh()
        let api = try await store.addSecret(" naïve secret of acme \n", purpose: .api, to: "acme")
        place.pass(1)
        let hash = try await store.addSecret(String(repeating: "h", count: 40), purpose: .userHash, to: "acme")
        let reopened = try factory.open(place)
        let loaded = try #require(try await reopened.loadAll().organizations.first).secrets
        #expect(loaded.map(\.id) == [api.id, hash.id])
        #expect(loaded.map(\.purpose) == [.api, .userHash])
        #expect(loaded.map { Array($0.text.utf8) }[0] == Array(" naïve secret of acme \n".utf8))
        let listed = try await reopened.secrets(of: "acme")
        #expect(listed == [api, hash])
        #expect(api.id.hasPrefix("key_") && api.last4 == "me \n" && api.createdAt == 1_700_000_000)
    }

    @Test(arguments: StoreFactory.all)
    func `four are active at most, for each purpose`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        var ids: [String] = []
        for _ in 0..<4 {
            ids.append(try await store.addSecret(SecretPolicy.generate(), purpose: .api, to: "acme").id)
        }
        await #expect(throws: StoreError.tooManySecrets(limit: 4)) {
            try await store.addSecret(SecretPolicy.generate(), purpose: .api, to: "acme")
        }
        try await store.addSecret(SecretPolicy.generate(), purpose: .userHash, to: "acme")
        #expect(try await store.revokeSecret(ids[0], of: "acme"))
        try await store.addSecret(SecretPolicy.generate(), purpose: .api, to: "acme")
        #expect(try await store.loadAll().organizations[0].secrets.count == 5)
        #expect(try await store.secrets(of: "acme").count { $0.revokedAt != nil } == 1)
    }

    @Test(arguments: StoreFactory.all)
    func `the same text again is the same secret while it is active`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        let text = SecretPolicy.generate()
        let first = try await store.addSecret(text, purpose: .api, to: "acme")
        #expect(try await store.addSecret(text, purpose: .api, to: "acme") == first)
        try await store.revokeSecret(first.id, of: "acme")
        #expect(try await store.addSecret(text, purpose: .api, to: "acme").id != first.id)
    }

    @Test(arguments: StoreFactory.all)
    func `secrets of nobody, and of somebody else, are out of reach`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        try await store.put(OrganizationSettings(id: "other"))
        let secret = try await store.addSecret(SecretPolicy.generate(), purpose: .api, to: "acme")
        #expect(try await !store.revokeSecret(secret.id, of: "other"))
        #expect(try await !store.revokeSecret("key_none", of: "acme"))
        await #expect(throws: StoreError.organizationUnknown("nobody")) {
            try await store.addSecret(SecretPolicy.generate(), purpose: .api, to: "nobody")
        }
        await #expect(throws: StoreError.organizationUnknown("nobody")) { try await store.secrets(of: "nobody") }
        await #expect(throws: SecretRefusal.empty) { try await store.addSecret("", purpose: .api, to: "acme") }
    }

    @Test(arguments: StoreFactory.all)
    func `the last use is noted and never goes back`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        let secret = try await store.addSecret(SecretPolicy.generate(), purpose: .api, to: "acme")
        await store.recordSecretUse([secret.id, "key_none"], at: 20)
        await store.recordSecretUse([secret.id], at: 10)
        #expect(try await store.secrets(of: "acme")[0].lastUsedAt == 20)
    }

    @Test(arguments: StoreFactory.all)
    func `the signing key is made once, whoever asks first`(_ factory: StoreFactory) async throws {
        let place = try Place()
        let store = try factory.open(place)
        let ids = try await withThrowingTaskGroup { group in
            for _ in 0..<8 { group.addTask { try await store.assertionSigningKey().id } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        let again = try await factory.open(place).assertionSigningKey()
        #expect(ids == [again.id])
        #expect(again.pem.hasPrefix("-----BEGIN PRIVATE KEY-----"))
    }
}
