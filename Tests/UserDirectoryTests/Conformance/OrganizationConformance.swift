import IdentityCore
import Testing
import UserDirectory

@Suite struct OrganizationConformance {
    @Test(arguments: StoreFactory.all)
    func `settings are kept to the last one`(_ factory: StoreFactory) async throws {
        let place = try Place()
        var settings = OrganizationSettings(id: "acme", name: "Acme Inc", dialect: .productbridge)
        settings.hosts = ["feedback.acme.test", "b.acme.test:8443"]
        settings.requireIdentify = .enforce
        settings.requireUserHash = .report
        settings.identifyMode = .updateOnly
        settings.emailMatching = .ignoreCase
        settings.matchBy = .idThenEmail
        settings.maxTokenLifetimeSeconds = nil
        settings.requireExpiry = true
        settings.allowPlainIdentity = true
        settings.allowedOrigins = ["https://app.acme.test"]
        settings.sso.enabled = true
        settings.sso.loginURL = "https://app.acme.test/login"
        #expect(try await factory.open(place).put(settings))
        let store = try factory.open(place)
        #expect(try await store.organization("acme") == settings)
        #expect(try await store.organizations() == [settings])
        #expect(try await store.organization("other") == nil)
    }

    @Test(arguments: StoreFactory.all)
    func `the same settings again change nothing`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        var settings = OrganizationSettings(id: "acme")
        let generation = try await store.generation()
        #expect(try await !store.put(settings))
        #expect(try await store.generation() == generation)
        settings.clockSkewSeconds = 30
        #expect(try await store.put(settings))
        #expect(try await store.generation() == generation + 1)
    }

    @Test(arguments: StoreFactory.all)
    func `a host belongs to one organization until that lets it go`(_ factory: StoreFactory) async throws {
        var acme = OrganizationSettings(id: "acme")
        acme.hosts = ["a.test", "b.test"]
        let (store, _) = try await factory.fresh(acme)
        var other = OrganizationSettings(id: "other")
        other.hosts = ["c.test", "B.test"]
        let generation = try await store.generation()
        await #expect(throws: StoreError.hostTaken(host: "B.test", by: "acme")) { try await store.put(other) }
        #expect(try await store.organization("other") == nil)
        #expect(try await store.generation() == generation)
        acme.hosts = ["a.test"]
        #expect(try await store.put(acme))
        #expect(try await store.put(other))
        #expect(try await store.deleteOrganization("acme"))
        other.hosts = ["a.test"]
        #expect(try await store.put(other))
    }

    @Test(arguments: StoreFactory.all)
    func `an id or a host with a NUL is refused`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        var host = OrganizationSettings(id: "other")
        host.hosts = ["a.test\u{0}"]
        for settings in [OrganizationSettings(id: "acme\u{0}"), OrganizationSettings(id: ""), host] {
            await #expect(throws: StoreError.self) { try await store.put(settings) }
        }
        #expect(try await store.organizations() == [OrganizationSettings(id: "acme")])
    }

    @Test(arguments: StoreFactory.all)
    func `an organization goes with its users and secrets`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        await _ = store.admit(.verified(profile(email: "ann@acme.test")))
        try await store.addSecret(SecretPolicy.generate(), purpose: .api, to: "acme")
        #expect(try await store.deleteOrganization("acme"))
        #expect(try await !store.deleteOrganization("acme"))
        #expect(try await store.loadAll().organizations.isEmpty)
        try await store.put(OrganizationSettings(id: "acme"))
        #expect(try await store.countUsers(of: "acme") == 0)
        #expect(try await store.secrets(of: "acme").isEmpty)
    }

    @Test(arguments: StoreFactory.all)
    func `the generation goes up with what operators change and with nothing else`(
        _ factory: StoreFactory
    ) async throws {
        let (store, _) = try await factory.fresh()
        var last = try await store.generation()
        func expect(_ ups: Int64, _ what: Comment, after change: () async throws -> Void) async throws {
            try await change()
            let next = try await store.generation()
            #expect(next == last + ups, what)
            last = next
        }
        let ann = profile(id: "7", email: "ann@acme.test")
        let text = SecretPolicy.generate()
        var id = ""
        try await expect(0, "admission") { _ = await store.admit(.verified(ann)) }
        try await expect(0, "import") { _ = try await store.importUsers([ann], into: "acme") }
        try await expect(1, "secret") { id = try await store.addSecret(text, purpose: .api, to: "acme").id }
        try await expect(0, "same secret") { try await store.addSecret(text, purpose: .api, to: "acme") }
        try await expect(0, "secret used") { await store.recordSecretUse([id], at: 1) }
        try await expect(1, "revoked") { try await store.revokeSecret(id, of: "acme") }
        try await expect(0, "revoked twice") { try await store.revokeSecret(id, of: "acme") }
        try await expect(1, "blocked") { try await store.setBlocked(true, user: "7", of: "acme") }
        try await expect(0, "blocked twice") { try await store.setBlocked(true, user: "7", of: "acme") }
        try await expect(1, "unblocked") { try await store.setBlocked(false, user: "7", of: "acme") }
        try await expect(1, "signed out") { try await store.signOutEverywhere(user: "7", of: "acme", at: 5) }
        try await expect(1, "deleted") { try await store.deleteUser("7", of: "acme") }
        try await expect(0, "deleted twice") { try await store.deleteUser("7", of: "acme") }
        try await expect(1, "signing key") { _ = try await store.assertionSigningKey() }
        try await expect(0, "signing key again") { _ = try await store.assertionSigningKey() }
        try await expect(1, "organization deleted") { try await store.deleteOrganization("acme") }
        #expect(try await store.loadAll().generation == last)
    }
}
