import IdentityCore
import Testing
import UserDirectory

@Suite struct UserSearchConformance {
    private static func profile(_ email: String, _ change: (inout UserProfile) -> Void = { _ in }) -> UserProfile {
        var profile = UserProfile()
        profile.email = email
        change(&profile)
        return profile
    }

    private static let people = [
        profile("Ann@x.test") {
            $0.name = "Zoë"
            $0.status = "active"
            $0.segments = ["beta", "eu"]
            $0.company = .init()
            $0.company?.plan = "pro"
            $0.company?.mrr = "99.50"
        },
        profile("bob@x.test") {
            $0.externalID = "b-1"
            $0.status = "trial"
            $0.weight = 7
            $0.renewal = .init()
            $0.renewal?.risk = "high"
            $0.company = .init()
            $0.company?.mrr = "1000"
        },
        profile("cy@x.test") {
            $0.name = "ann again"
            $0.status = "active"
            $0.segments = ["beta2"]
        },
    ]

    private func emails(_ store: any Store, _ change: (inout UserFilter) -> Void) async throws -> [String?] {
        var filter = UserFilter()
        change(&filter)
        return try await store.users(of: "acme", filter, after: nil, limit: 10).users.map(\.profile.email)
    }

    @Test(arguments: StoreFactory.all)
    func `each filter finds its users, and together they narrow`(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh()
        try await store.put(OrganizationSettings(id: "other"))
        _ = try await store.importUsers(Self.people, into: "acme")
        _ = try await store.importUsers([Self.people[0]], into: "other")
        try await store.setBlocked(true, user: "bob@x.test", of: "acme")
        let ann = try #require(try await store.user("Ann@x.test", of: "acme"))
        try await store.administer { _ = try $0.setRole(.owner, user: ann.id, of: "acme") }
        let expected: [([String], (inout UserFilter) -> Void)] = [
            (["Ann@x.test", "bob@x.test", "cy@x.test"], { _ in }),
            (["Ann@x.test", "cy@x.test"], { $0.search = "aNN" }), (["bob@x.test"], { $0.search = "b-" }),
            ([], { $0.search = "B-" }), (["Ann@x.test"], { $0.search = ann.id }),
            (["Ann@x.test", "cy@x.test"], { $0.status = "active" }), ([], { $0.status = "Active" }),
            (["Ann@x.test"], { $0.segment = "beta" }), (["Ann@x.test"], { $0.plan = "pro" }),
            (["Ann@x.test"], { $0.role = .owner }), (["bob@x.test", "cy@x.test"], { $0.role = .user }),
            (["bob@x.test"], { $0.isBlocked = true }), (["Ann@x.test", "cy@x.test"], { $0.isBlocked = false }),
            (["Ann@x.test"], { $0.revenueTo = 99.5 }), (["bob@x.test"], { $0.revenueFrom = 100 }),
            (["Ann@x.test", "bob@x.test"], { $0.revenueFrom = 0 }),
            (["bob@x.test"], { $0.fields = [.weight: "7"] }), ([], { $0.fields = [.weight: "70"] }),
            (["bob@x.test"], { $0.fields = [.renewalRisk: "high", .weight: "7"] }),
            ([], { $0.fields = [.role: "x' OR 1"] }),
            (
                ["cy@x.test"],
                {
                    $0.status = "active"; $0.role = .user
                }
            ),
            (
                [],
                {
                    $0.status = "active"; $0.isBlocked = true
                }
            ),
            (
                ["Ann@x.test"],
                {
                    $0.search = "ann"; $0.segment = "eu"; $0.revenueFrom = 1; $0.plan = "pro"
                }
            ),
        ]
        for (index, (emails, filter)) in expected.enumerated() {
            #expect(try await self.emails(store, filter) == emails, "filter \(index)")
        }
    }

    @Test(arguments: StoreFactory.all)
    func `pages meet everybody once, in order of creation, common values and rare ones alike`(
        _ factory: StoreFactory
    ) async throws {
        let (store, _) = try await factory.fresh()
        let count = 2100
        let profiles = (0..<count).map { number in
            Self.profile("user\(number)@x.test") {
                $0.status = "active"
                $0.segments = number % 500 == 0 ? ["rare"] : nil
            }
        }
        _ = try await store.importUsers(profiles, into: "acme")
        func all(_ change: (inout UserFilter) -> Void) async throws -> [String?] {
            var filter = UserFilter()
            change(&filter)
            var found: [String?] = []
            var cursor: String?
            for _ in 0..<10 {
                let page = try await store.users(of: "acme", filter, after: cursor, limit: 600)
                #expect(page.users.count <= 600)
                found += page.users.map(\.profile.email)
                cursor = page.next
                if cursor == nil { break }
            }
            #expect(cursor == nil)
            return found
        }
        let everybody = profiles.map(\.email)
        #expect(try await all { _ in } == everybody)
        #expect(try await all { $0.status = "active" } == everybody)
        #expect(try await all { $0.search = "user" } == everybody)
        #expect(try await all { $0.segment = "rare" } == stride(from: 0, to: count, by: 500).map { everybody[$0] })
        #expect(try await all { $0.search = "user205" }.count == 11)
        await #expect(throws: StoreError.userUnknown("usr_none")) {
            try await store.users(of: "acme", UserFilter(), after: "usr_none", limit: 1)
        }
        await #expect(throws: StoreError.organizationUnknown("nobody")) {
            try await store.users(of: "nobody", UserFilter(), after: nil, limit: 1)
        }
    }
}
