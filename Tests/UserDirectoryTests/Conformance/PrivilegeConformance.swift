import IdentityCore
import Testing
import UserDirectory

/// What tokens may do with the roles of users, by dialect.
@Suite("Conformance: privileges")
struct PrivilegeConformance {
    /// A request as an organization of this dialect makes it from a token.
    private func request(
        _ dialect: Dialect, _ profile: UserProfile, _ claims: PrivilegeClaims = PrivilegeClaims(),
        issuedAt: Double? = 1_700_000_000, organization: String = "acme", isPlain: Bool = false
    ) -> AdmissionRequest {
        AdmissionRequest(
            organization: organization, rule: OrganizationSettings(id: organization, dialect: dialect).admissionRule,
            profile: profile, issuedAt: issuedAt, onlyIDVerified: isPlain, privileges: claims)
    }

    private func claims(
        trusted: Bool = false, admin: PrivilegeClaims.Claim = .absent, owner: PrivilegeClaims.Claim = .absent
    ) -> PrivilegeClaims {
        var claims = PrivilegeClaims()
        claims.isTrusted = trusted
        claims.admin = admin
        claims.owner = owner
        return claims
    }

    /// A store with the user `7`, who has this role by the only way there is.
    private func store(
        _ factory: StoreFactory, _ dialect: Dialect, role: UserRole
    ) async throws -> (any Store, Place) {
        let (store, place) = try await factory.fresh(OrganizationSettings(id: "acme", dialect: dialect))
        let grant: PrivilegeClaims =
            switch role {
            case .user: claims()
            case .admin: claims(admin: .accept)
            case .owner: claims(owner: .accept)
            }
        let made = await store.admit(request(.uservoice, Self.ann, grant)).user
        #expect(made?.role == role)
        return (store, place)
    }

    private static let ann = profile(id: "7", email: "ann@acme.test", name: "Ann")
    private static let renamed = profile(id: "7", email: "ann@acme.test", name: "New")

    // MARK: productlift

    @Test("productlift: admins and owners aren't let in, and nothing is written", arguments: StoreFactory.all)
    func productlift(_ factory: StoreFactory) async throws {
        for role in UserRole.allCases {
            let (store, _) = try await store(factory, .productlift, role: role)
            let before = try await store.user("7", of: "acme")
            let vouching = claims(trusted: true, admin: .accept, owner: .accept)
            for isPlain in [false, true] {
                let outcome = await store.admit(request(.productlift, Self.renamed, vouching, isPlain: isPlain))
                if role == .user {
                    #expect(outcome.user?.role == .user)
                } else {
                    #expect(outcome.refusal == .adminSSOForbidden)
                    #expect(try await store.user("7", of: "acme") == before)
                }
            }
        }
    }

    @Test("productlift: a new user is none but a user", arguments: StoreFactory.all)
    func productliftCreation(_ factory: StoreFactory) async throws {
        let (store, _) = try await factory.fresh(OrganizationSettings(id: "acme", dialect: .productlift))
        let made = await store.admit(request(.productlift, Self.ann, claims(trusted: true, owner: .accept)))
        #expect(made.isCreation && made.user?.role == .user)
    }

    // MARK: The others

    @Test(
        "in productbridge, sleekplan and userorbit no claim changes a role, and no role keeps anybody out",
        arguments: StoreFactory.all, [Dialect.productbridge, .sleekplan, .userorbit])
    func untouched(_ factory: StoreFactory, _ dialect: Dialect) async throws {
        for role in UserRole.allCases {
            let (store, _) = try await store(factory, dialect, role: role)
            let generation = try await store.generation()
            for said in [
                claims(), claims(trusted: true, admin: .accept, owner: .accept), claims(trusted: true, admin: .deny),
            ] {
                var attribute = Self.renamed
                attribute.role = "owner"
                let user = await store.admit(request(dialect, attribute, said)).user
                #expect(user?.role == role && user?.profile.role == "owner")
            }
            #expect(try await store.user("7", of: "acme")?.role == role)
            #expect(try await store.generation() == generation)
        }
        let (store, _) = try await factory.fresh(OrganizationSettings(id: "acme", dialect: dialect))
        let made = await store.admit(request(dialect, Self.ann, claims(trusted: true, admin: .accept, owner: .accept)))
        #expect(made.isCreation && made.user?.role == .user)
    }

    // MARK: uservoice

    /// Who comes, with what, and what they are after that; nil: `admin_identity_untrusted`.
    struct Row: Sendable, CustomTestStringConvertible {
        let role: UserRole
        let trusted: Bool
        let admin: PrivilegeClaims.Claim
        let owner: PrivilegeClaims.Claim
        let after: UserRole?

        init(
            _ role: UserRole, _ trusted: Bool, _ admin: PrivilegeClaims.Claim, _ owner: PrivilegeClaims.Claim,
            _ after: UserRole?
        ) {
            self.role = role
            self.trusted = trusted
            self.admin = admin
            self.owner = owner
            self.after = after
        }

        var testDescription: String {
            "\(role)\(trusted ? ", trusted" : ""), admin: \(admin.rawValue), owner: \(owner.rawValue)"
        }
    }

    /// Every combination there is: 3 roles, trusted or not, 3 words for each of two claims.
    static let rows: [Row] = [
        // Whoever isn't trusted gives no role up, and may only be given one.
        Row(.user, false, .absent, .absent, .user), Row(.user, false, .absent, .accept, .owner),
        Row(.user, false, .absent, .deny, .user), Row(.user, false, .accept, .absent, .admin),
        Row(.user, false, .accept, .accept, .owner), Row(.user, false, .accept, .deny, .admin),
        Row(.user, false, .deny, .absent, .user), Row(.user, false, .deny, .accept, .owner),
        Row(.user, false, .deny, .deny, .user),
        Row(.admin, false, .absent, .absent, nil), Row(.admin, false, .absent, .accept, .owner),
        Row(.admin, false, .absent, .deny, nil), Row(.admin, false, .accept, .absent, .admin),
        Row(.admin, false, .accept, .accept, .owner), Row(.admin, false, .accept, .deny, .admin),
        Row(.admin, false, .deny, .absent, nil), Row(.admin, false, .deny, .accept, .owner),
        Row(.admin, false, .deny, .deny, nil),
        Row(.owner, false, .absent, .absent, nil), Row(.owner, false, .absent, .accept, .owner),
        Row(.owner, false, .absent, .deny, nil), Row(.owner, false, .accept, .absent, .owner),
        Row(.owner, false, .accept, .accept, .owner), Row(.owner, false, .accept, .deny, .owner),
        Row(.owner, false, .deny, .absent, nil), Row(.owner, false, .deny, .accept, .owner),
        Row(.owner, false, .deny, .deny, nil),
        // Trusted, a deny takes away: of an owner it leaves an admin, of an admin nothing.
        Row(.user, true, .absent, .absent, .user), Row(.user, true, .absent, .accept, .owner),
        Row(.user, true, .absent, .deny, .user), Row(.user, true, .accept, .absent, .admin),
        Row(.user, true, .accept, .accept, .owner), Row(.user, true, .accept, .deny, .admin),
        Row(.user, true, .deny, .absent, .user), Row(.user, true, .deny, .accept, .user),
        Row(.user, true, .deny, .deny, .user),
        Row(.admin, true, .absent, .absent, .admin), Row(.admin, true, .absent, .accept, .owner),
        Row(.admin, true, .absent, .deny, .admin), Row(.admin, true, .accept, .absent, .admin),
        Row(.admin, true, .accept, .accept, .owner), Row(.admin, true, .accept, .deny, .admin),
        Row(.admin, true, .deny, .absent, .user), Row(.admin, true, .deny, .accept, .user),
        Row(.admin, true, .deny, .deny, .user),
        Row(.owner, true, .absent, .absent, .owner), Row(.owner, true, .absent, .accept, .owner),
        Row(.owner, true, .absent, .deny, .admin), Row(.owner, true, .accept, .absent, .owner),
        Row(.owner, true, .accept, .accept, .owner), Row(.owner, true, .accept, .deny, .admin),
        Row(.owner, true, .deny, .absent, .user), Row(.owner, true, .deny, .accept, .user),
        Row(.owner, true, .deny, .deny, .user),
    ]

    @Test("the table has every combination once")
    func complete() {
        #expect(Self.rows.count == 54 && Set(Self.rows.map(\.testDescription)).count == 54)
    }

    @Test("uservoice: claims give and take roles by the table, durably", arguments: StoreFactory.all, rows)
    func uservoice(_ factory: StoreFactory, _ row: Row) async throws {
        let (store, place) = try await store(factory, .uservoice, role: row.role)
        try await store.put(OrganizationSettings(id: "other", dialect: .uservoice))
        place.pass(10)
        let before = try #require(try await store.user("7", of: "acme"))
        let generations = try await organizationGenerations(store)
        let said = claims(trusted: row.trusted, admin: row.admin, owner: row.owner)
        let outcome = await store.admit(request(.uservoice, Self.ann, said))
        let stored = try #require(try await store.user("7", of: "acme"))
        let after = try await organizationGenerations(store)
        guard let role = row.after else {
            #expect(outcome.refusal == .adminIdentityUntrusted)
            #expect(stored == before && after == generations)
            return
        }
        #expect(outcome == .admitted(stored, created: false))
        #expect(stored.role == role && stored.profile == before.profile)
        #expect(stored.updatedAt == (role == row.role ? before.updatedAt : place.now))
        // Whoever remembers this user with the old role must forget.
        if role == row.role {
            #expect(after == generations)
        } else {
            #expect(after["acme"] ?? 0 > generations["acme"] ?? .max && after["other"] == generations["other"])
            #expect(try await store.generation() == after["acme"])
        }
        #expect(try await factory.open(place).user("7", of: "acme") == stored)

        // Without a word about roles they stay as they are.
        let again = await store.admit(request(.uservoice, Self.ann, claims(trusted: true)))
        #expect(again == .admitted(stored, created: false))
    }

    @Test(
        "uservoice: a new user has the role that the token grants, and creating one concerns nobody's identity",
        arguments: StoreFactory.all, rows.filter { $0.role == .user })
    func uservoiceCreation(_ factory: StoreFactory, _ row: Row) async throws {
        let (store, _) = try await factory.fresh(OrganizationSettings(id: "acme", dialect: .uservoice))
        let generation = try await store.generation()
        let said = claims(trusted: row.trusted, admin: row.admin, owner: row.owner)
        let made = await store.admit(request(.uservoice, Self.ann, said))
        #expect(made.isCreation && made.user?.role == row.after)
        #expect(try await store.user("7", of: "acme")?.role == row.after)
        #expect(try await store.generation() == generation)
    }

    @Test("uservoice: a plain identity has no say, and an admin isn't let in by one", arguments: StoreFactory.all)
    func uservoicePlain(_ factory: StoreFactory) async throws {
        let everything = claims(trusted: true, admin: .accept, owner: .accept)
        for role in UserRole.allCases {
            let (store, _) = try await store(factory, .uservoice, role: role)
            let outcome = await store.admit(request(.uservoice, profile(id: "7"), everything, isPlain: true))
            #expect(role == .user ? outcome.user?.role == .user : outcome.refusal == .adminIdentityUntrusted)
            #expect(try await store.user("7", of: "acme")?.role == role)
        }
        let (store, _) = try await factory.fresh(OrganizationSettings(id: "acme", dialect: .uservoice))
        let made = await store.admit(request(.uservoice, profile(id: "9"), everything, isPlain: true))
        #expect(made.isCreation && made.user?.role == .user)
    }

    @Test("who is blocked, revoked or in conflict gets no role", arguments: StoreFactory.all)
    func refusedFirst(_ factory: StoreFactory) async throws {
        let (store, _) = try await store(factory, .uservoice, role: .user)
        await _ = store.admit(request(.uservoice, profile(id: "8", email: "bob@acme.test")))
        let grant = claims(trusted: true, owner: .accept)
        let both = profile(id: "7", email: "bob@acme.test")
        #expect(await store.admit(request(.uservoice, both, grant)) == .refused(.identityConflict))
        try await store.signOutEverywhere(user: "7", of: "acme", at: 1_700_000_001)
        #expect(await store.admit(request(.uservoice, Self.ann, grant)).refusal == .tokenRevoked)
        try await store.setBlocked(true, user: "7", of: "acme")
        let later = request(.uservoice, Self.ann, grant, issuedAt: 1_700_000_002)
        #expect(await store.admit(later).refusal == .userBlocked)
        #expect(try await store.user("7", of: "acme")?.role == .user)
    }

    @Test(
        "a role and a profile change together, and in a batch the later sees the earlier", arguments: StoreFactory.all)
    func batch(_ factory: StoreFactory) async throws {
        let (store, _) = try await store(factory, .uservoice, role: .user)
        let outcomes = await store.admit([
            request(.uservoice, Self.renamed, claims(admin: .accept)), request(.uservoice, Self.renamed),
            request(.uservoice, Self.ann, claims(trusted: true, admin: .deny)), request(.uservoice, Self.ann),
        ])
        #expect(outcomes[0].user?.role == .admin && outcomes[0].user?.profile.name == "New")
        #expect(outcomes[1].refusal == .adminIdentityUntrusted)
        #expect(outcomes[2].user?.role == .user && outcomes[2].user?.profile.name == "Ann")
        #expect(outcomes[3].user == outcomes[2].user)
    }

    @Test("an import changes nobody's role and lets admins be updated", arguments: StoreFactory.all, Dialect.allCases)
    func imports(_ factory: StoreFactory, _ dialect: Dialect) async throws {
        let (store, _) = try await store(factory, dialect, role: .owner)
        let generation = try await store.generation()
        #expect(try await store.importUsers([Self.renamed, profile(email: "new@acme.test")], into: "acme") == (1, 1))
        let user = try await store.user("7", of: "acme")
        #expect(user?.role == .owner && user?.profile.name == "New")
        #expect(try await store.generation() == generation)
    }

    private func organizationGenerations(_ store: any Store) async throws -> [String: Int64] {
        let organizations = try await store.loadAll().organizations
        return Dictionary(uniqueKeysWithValues: organizations.map { ($0.settings.id, $0.generation) })
    }
}
