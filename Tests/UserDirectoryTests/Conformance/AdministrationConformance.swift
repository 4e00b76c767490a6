import Testing
import UserDirectory

@Suite struct AdministrationConformance {
    private static let ada = AuditEntry.Actor(kind: .adminToken, id: "adm_ada", name: "Ada", address: "192.0.2.1")

    private func entry(_ action: String, of organization: String? = "acme", subject: String? = nil) -> AuditEntry {
        AuditEntry(
            at: 1, actor: Self.ada, action: action, organization: organization, subject: subject, before: "{\"a\":1}",
            after: nil)
    }

    @Test(arguments: StoreFactory.all)
    func `a change and its entry are there together, or not at all`(_ factory: StoreFactory) async throws {
        let (store, place) = try await factory.fresh()
        struct Stop: Error {}
        await #expect(throws: Stop.self) {
            try await store.administer { transaction in
                try transaction.put(OrganizationSettings(id: "beta"))
                try transaction.record(entry("organization.create", of: "beta"))
                throw Stop()
            }
        }
        #expect(try await store.organization("beta") == nil)
        #expect(try await store.auditEntries(AuditFilter(), before: nil, limit: 10).isEmpty)
        let before = try await store.generation()
        try await store.administer { transaction in
            #expect(transaction.moment == place.now)
            try transaction.put(OrganizationSettings(id: "beta"))
            try transaction.record(entry("organization.create", of: "beta"))
        }
        let reopened = try factory.open(place)
        #expect(try await reopened.organization("beta") != nil)
        #expect(try await reopened.generation() > before)
        var expected = entry("organization.create", of: "beta")
        expected.number = 1
        #expect(try await reopened.auditEntries(AuditFilter(), before: nil, limit: 10) == [expected])
    }

    @Test(arguments: StoreFactory.all)
    func `the audit log is read from its end, by any condition, and outlives organizations`(
        _ factory: StoreFactory
    ) async throws {
        let (store, _) = try await factory.fresh()
        try await store.administer { transaction in
            for number in 1...5 { try transaction.record(entry("user.block", subject: "usr_\(number % 2)")) }
            try transaction.record(entry("organization.delete", of: "beta"))
            try transaction.deleteOrganization("acme")
        }
        func numbers(_ change: (inout AuditFilter) -> Void, before: Int64? = nil, limit: Int = 10) async throws
            -> [Int64]
        {
            var filter = AuditFilter()
            change(&filter)
            return try await store.auditEntries(filter, before: before, limit: limit).map(\.number)
        }
        #expect(try await numbers({ _ in }) == [6, 5, 4, 3, 2, 1])
        #expect(try await numbers({ _ in }, limit: 2) == [6, 5])
        #expect(try await numbers({ _ in }, before: 5, limit: 2) == [4, 3])
        #expect(try await numbers({ $0.organization = "acme" }) == [5, 4, 3, 2, 1])
        #expect(try await numbers({ $0.subject = "usr_0" }) == [4, 2])
        #expect(try await numbers({ $0.action = "organization.delete" }) == [6])
        #expect(try await numbers({ $0.actor = "adm_ada" }, limit: 1) == [6])
        #expect(try await numbers({ $0.actor = "adm_eve" }).isEmpty)
        #expect(try await numbers({ $0.since = 2 }).isEmpty)
        #expect(try await numbers({ $0.until = 1 }).isEmpty)
        #expect(
            try await numbers({
                $0.since = 1; $0.until = 2
            }).count == 6)
    }

    @Test(arguments: StoreFactory.all)
    func `an admin token is found by its digest alone, and revoked at once`(_ factory: StoreFactory) async throws {
        let (store, place) = try await factory.fresh()
        let text = AdminTokenText.generate()
        let digest = try #require(AdminTokenText.digest(of: text))
        let token = AdminToken(
            id: AdminToken.newID(), name: "Ada", scope: AdminScope(organization: "acme", isReadOnly: true),
            createdAt: 1, expiresAt: 1_700_000_100)
        try await store.administer { try $0.add(token, digest: digest) }
        #expect(try await store.adminToken(digest: digest) == token)
        #expect(try await store.adminToken(digest: [UInt8](repeating: 0, count: 32)) == nil)
        #expect(try await store.adminTokens(of: "acme") == [token])
        #expect(try await store.adminTokens(of: "beta").isEmpty)
        #expect(token.isActive(at: 1_700_000_099) && !token.isActive(at: 1_700_000_100))
        await store.recordAdminTokenUse(token.id, at: 50)
        await store.recordAdminTokenUse(token.id, at: 40)
        #expect(try await store.adminToken(digest: digest)?.lastUsedAt == 50)
        #expect(try await store.administer { try $0.revokeAdminToken(token.id) })
        #expect(try await !store.administer { try $0.revokeAdminToken(token.id) })
        let revoked = try #require(try await factory.open(place).adminToken(digest: digest))
        #expect(revoked.revokedAt == place.now && !revoked.isActive(at: place.now))
        try await store.deleteOrganization("acme")
        #expect(try await store.adminToken(digest: digest) == nil)
        await #expect(throws: StoreError.organizationUnknown("acme")) {
            try await store.administer { try $0.add(token, digest: digest) }
        }
    }

    @Test(arguments: StoreFactory.all)
    func `the first start makes one token, whoever comes first, and never another`(_ factory: StoreFactory) async throws
    {
        let (store, _) = try await factory.fresh()
        let made = try await withThrowingTaskGroup { group in
            for number in 0..<8 {
                group.addTask {
                    let token = AdminToken(
                        id: "adm_\(number)", name: "first start", scope: .instance, createdAt: 1, isInitial: true)
                    return try await store.addInitialAdminToken(
                        token, digest: [UInt8](repeating: UInt8(number), count: 32))
                }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(made == 1)
        #expect(try await store.administer { try $0.revokeInitialAdminToken() } != nil)
        #expect(try await store.administer { try $0.revokeInitialAdminToken() } == nil)
        let again = AdminToken(id: "adm_9", name: "first start", scope: .instance, createdAt: 1, isInitial: true)
        #expect(try await !store.addInitialAdminToken(again, digest: [UInt8](repeating: 9, count: 32)))
    }

    @Test(arguments: StoreFactory.all)
    func `a request is remembered for its own administrator, for an hour`(_ factory: StoreFactory) async throws {
        let (store, place) = try await factory.fresh()
        let request = EarlierRequest(digest: [1, 2], status: 201, body: "{}")
        let key = IdempotencyKey(actor: "adm_ada", key: "k")
        try await store.administer { try $0.remember(request, as: key) }
        #expect(try await store.administer { try $0.earlierRequest(key) } == request)
        let other = IdempotencyKey(actor: "adm_eve", key: "k")
        #expect(try await store.administer { try $0.earlierRequest(other) } == nil)
        place.pass(IdempotencyKey.lifetime)
        #expect(try await store.administer { try $0.earlierRequest(key) } == nil)
        try await store.administer { try $0.remember(request, as: key) }
        #expect(try await store.administer { try $0.earlierRequest(key) } == request)
    }
}
