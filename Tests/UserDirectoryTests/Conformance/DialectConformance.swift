import IdentityCore
import Testing
import UserDirectory

/// How each dialect's users are found where nobody has changed a setting, and what new ones begin with.
@Suite("Conformance: dialects")
struct DialectConformance {
    private func request(_ dialect: Dialect, _ profile: UserProfile, isPlain: Bool = false) -> AdmissionRequest {
        AdmissionRequest(
            organization: "acme", rule: OrganizationSettings(id: "acme", dialect: dialect).admissionRule,
            profile: profile, issuedAt: nil, onlyIDVerified: isPlain)
    }

    private func fresh(_ factory: StoreFactory, _ dialect: Dialect) async throws -> any Store {
        try await factory.fresh(OrganizationSettings(id: "acme", dialect: dialect)).0
    }

    @Test(
        "email addresses are compared as the dialect has it",
        arguments: StoreFactory.all,
        [
            (Dialect.productbridge, false), (.productlift, true), (.sleekplan, true), (.uservoice, true),
            (.userorbit, true),
        ])
    func emailMatching(_ factory: StoreFactory, _ row: (dialect: Dialect, ignoresCase: Bool)) async throws {
        let store = try await fresh(factory, row.dialect)
        let one = await store.admit(request(row.dialect, profile(email: "Ann@Acme.test")))
        let two = await store.admit(request(row.dialect, profile(email: "ann@acme.TEST")))
        #expect(one.isCreation && two.isCreation != row.ignoresCase)
        #expect((one.user?.id == two.user?.id) == row.ignoresCase)
        #expect(two.user?.profile.email == "ann@acme.TEST")
    }

    @Test(
        "the id comes before the email in sleekplan and uservoice; elsewhere the email decides",
        arguments: StoreFactory.all,
        [
            (Dialect.productbridge, false), (.productlift, false), (.sleekplan, true), (.uservoice, true),
            (.userorbit, false),
        ])
    func matching(_ factory: StoreFactory, _ row: (dialect: Dialect, byID: Bool)) async throws {
        let store = try await fresh(factory, row.dialect)
        let ann = await store.admit(request(row.dialect, profile(id: "1", email: "ann@acme.test")))
        let moved = await store.admit(request(row.dialect, profile(id: "1", email: "new@acme.test")))
        #expect((moved.user?.id == ann.user?.id) == row.byID)
        // An email alone, and an email with an id that nobody has, lead to the user in every dialect.
        let alone = await store.admit(request(row.dialect, profile(email: "new@acme.test")))
        #expect(alone.user?.id == moved.user?.id)
        let renumbered = await store.admit(request(row.dialect, profile(id: "2", email: "new@acme.test")))
        #expect(renumbered.user?.id == moved.user?.id && renumbered.user?.profile.externalID == "2")
    }

    @Test(
        "an id and an email of two users are a conflict where the id counts", arguments: StoreFactory.all,
        Dialect.allCases)
    func conflict(_ factory: StoreFactory, _ dialect: Dialect) async throws {
        let store = try await fresh(factory, dialect)
        await _ = store.admit(request(dialect, profile(id: "1", email: "ann@acme.test")))
        await _ = store.admit(request(dialect, profile(id: "2", email: "bob@acme.test")))
        let before = try await store.users(of: "acme", search: nil, after: nil, limit: 10)
        let both = await store.admit(request(dialect, profile(id: "1", email: "BOB@acme.test", name: "?")))
        switch dialect {
        case .sleekplan, .uservoice:
            #expect(both == .refused(.identityConflict))
            #expect(try await store.users(of: "acme", search: nil, after: nil, limit: 10) == before)
        case .productlift, .userorbit:
            #expect(both.user?.id == before.last?.id && !both.isCreation)
        case .productbridge:
            #expect(both.isCreation)
        }
    }

    @Test(
        "a new user of uservoice is anonymous and has updates; a later token changes only the name",
        arguments: StoreFactory.all)
    func newUser(_ factory: StoreFactory) async throws {
        let store = try await fresh(factory, .uservoice)
        var said = profile(id: "1", email: "ann@acme.test")
        let made = try #require(await store.admit(request(.uservoice, said)).user)
        #expect(made.profile.name == "anonymous" && made.unverified.isEmpty)
        #expect(made.profile.preferences?.updates == true && made.profile.preferences?.commentUpdates == false)

        said.name = "Ann"
        said.preferences = .init()
        said.preferences?.updates = false
        said.preferences?.commentUpdates = true
        let named = try #require(await store.admit(request(.uservoice, said)).user)
        #expect(named.profile.name == "Ann" && named.profile.preferences == made.profile.preferences)

        // Not to say a name is not to say 'anonymous'.
        let silent = await store.admit(request(.uservoice, profile(id: "1", email: "ann@acme.test")))
        #expect(silent.user == named)
    }

    @Test("what the first token of a uservoice user says comes before the defaults", arguments: StoreFactory.all)
    func newUserWithSettings(_ factory: StoreFactory) async throws {
        let store = try await fresh(factory, .uservoice)
        var said = profile(id: "1", email: "ann@acme.test", name: "Ann")
        said.preferences = .init()
        said.preferences?.updates = false
        let made = await store.admit(request(.uservoice, said)).user
        #expect(made?.profile.name == "Ann" && made?.profile.preferences?.updates == false)
        #expect(made?.profile.preferences?.commentUpdates == false)
        let plain = await store.admit(request(.uservoice, profile(id: "2", name: "Bob"), isPlain: true)).user
        #expect(plain?.profile.name == "Bob" && plain?.unverified.contains("name") == true)
        #expect(
            try await store.importUsers([profile(id: "3", email: "cid@acme.test", name: "Cid")], into: "acme") == (1, 0)
        )
        let imported = try await store.user("3", of: "acme")
        #expect(imported?.profile.name == "Cid" && imported?.profile.preferences?.updates == true)
    }

    @Test("elsewhere nobody begins with more than is said", arguments: StoreFactory.all, Dialect.allCases)
    func noDefaults(_ factory: StoreFactory, _ dialect: Dialect) async throws {
        guard dialect != .uservoice else { return }
        let store = try await fresh(factory, dialect)
        let said = profile(id: "1", email: "ann@acme.test")
        #expect(await store.admit(request(dialect, said)).user?.profile == said)
    }
}
