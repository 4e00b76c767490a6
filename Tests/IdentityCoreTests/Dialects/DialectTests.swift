import IdentityCore
import Testing

/// What the dialects have in common, and what each has of its own beside single claims.
@Suite("Dialects")
struct DialectTests {
    @Test("the user hash is over this token's own id claim", arguments: Dialect.allCases)
    func userHash(dialect: Dialect) {
        let head = dialect.required.split(separator: ",").filter { !$0.hasPrefix("\"\(dialect.idClaim)\":") }
            .joined(separator: ",")
        func outcome(_ id: String, _ hash: String, _ rule: Enforcement = .enforce) -> Outcome {
            IdentityCoreTests.outcome(
                payload: "{\(head),\"\(dialect.idClaim)\":\(id),\"user_hash\":\"\(hash)\"}",
                policy: Sample.policy(of: dialect) { $0.userHash = rule })
        }
        for id in [#""123""#, "123"] {
            #expect(outcome(id, Sample.hash).profile?.externalID == "123")
            #expect(outcome(id, Sample.hash.uppercased()).profile != nil)
        }
        for rule in Enforcement.allCases {
            #expect(outcome("124", Sample.hash, rule).code == .userHashMismatch)
            #expect(outcome(#""a@b.c""#, Sample.hash, rule).code == .userHashMismatch)
        }
        #expect(outcome("123", "").code == .userHashMissing)
        #expect(outcome("123", "", .report).profile != nil)
    }

    @Test("the id is read from its own claim and no other dialect's", arguments: Dialect.allCases)
    func otherIDs(dialect: Dialect) {
        let others = ["id", "uid", "guid", "sub", "user_id"].filter { $0 != dialect.idClaim }
        for other in others {
            #expect(dialect.with("\"\(other)\":\"9\"").profile?.externalID == dialect.requiredProfile.externalID)
        }
    }

    @Test("what another dialect knows is extra here, and grants nothing", arguments: Dialect.allCases)
    func foreign(dialect: Dialect) {
        guard dialect != .uservoice else { return }
        let claims = #""trusted":true,"admin":"accept","owner":"accept","expires":"never","allow_forums":7"#
        let found = dialect.accepting(claims) { ($0.privileges, $0.warnings, $0.profile(), $0.expiresAt) }
        #expect(found?.0 == PrivilegeClaims())
        #expect(found?.1 == [])
        #expect(found?.2.extra?.text == "{\(claims)}")
        #expect(found?.2.forums == nil)
        #expect(found.map { $0.3 == nil } == true)
    }

    @Test("a token without exp is accepted, by default and in every dialect", arguments: Dialect.allCases)
    func noExpiry(dialect: Dialect) {
        #expect(dialect.with("") == .accepted(dialect.requiredProfile))
        let strict = Sample.policy(of: dialect) { $0.requireExpiry = true }
        #expect(
            outcome(payload: "{\(dialect.required)}", policy: strict) == .rejected(.tokenClaimMissing, claim: "exp"))
    }

    @Test("only productbridge bounds how long a token lives", arguments: Dialect.allCases)
    func lifetime(dialect: Dialect) {
        let year = dialect.with("\"iat\":\(Int(Sample.now)),\"exp\":\(Int(Sample.now) + 31_536_000)")
        #expect(year.code == (dialect == .productbridge ? .tokenLifetimeExceeded : nil))
    }

    @Test(
        "required claims are looked at first, in this order",
        arguments: [
            (Dialect.productlift, #""uid":"1","name":"x","mrr":true"#, "email"),
            (.productlift, #""email":"a@b.c","name":"x","mrr":true"#, "uid"),
            (.productlift, #""email":"a@b.c","uid":1,"mrr":true"#, "name"),
            (.productlift, #""mrr":true"#, "email"), (.sleekplan, #""id":1.5,"email":"a@b.c""#, "mail"),
            (.uservoice, #""email":"a@b.c","locale":"xx""#, "guid"), (.uservoice, #""guid":1,"locale":"xx""#, "email"),
            (.userorbit, #""id":1.5"#, "email"),
        ])
    func order(dialect: Dialect, claims: String, missing: String) {
        #expect(dialect.outcome(claims) == .rejected(.tokenClaimMissing, claim: missing))
    }

    @Test("segments keep their places; what follows the last one isn't there")
    func segments() {
        #expect(Dialect.productlift.with(#""segment_2":"b","segment_1":"a""#).profile?.segments == ["a", "b"])
        #expect(
            Dialect.productlift.with(#""segment_4":"d","segment_2":"b","segment_9":"","segment_11":"k""#)
                .profile?.segments == ["", "b", "", "d"])
        let all = (1...10).map { "\"segment_\($0)\":\"s\($0)\"" }.joined(separator: ",")
        #expect(Dialect.productlift.with(all).profile?.segments == (1...10).map { "s\($0)" })
        #expect(Dialect.productlift.with(#""segment_11":"k","segment_0":"z""#).profile?.segments == nil)
    }

    @Test("userorbit's role is a plain attribute")
    func plainRole() {
        let found = Dialect.userorbit.accepting(#""role":"owner""#) { ($0.privileges, $0.profile().role) }
        #expect(found?.0 == PrivilegeClaims())
        #expect(found?.1 == "owner")
    }

    @Test("a new user of uservoice is anonymous and has its settings; nobody else begins with anything")
    func newUser() {
        for dialect in Dialect.allCases where dialect != .uservoice { #expect(dialect.newUser == UserProfile()) }
        var expected = UserProfile()
        expected.name = "anonymous"
        expected.preferences = UserProfile.Preferences()
        expected.preferences?.updates = true
        expected.preferences?.commentUpdates = false
        #expect(Dialect.uservoice.newUser == expected)
        #expect(Dialect.uservoice.with("").profile?.name == nil, "a default is nothing that a token says")
    }

    @Test("what is signed with --with-user-hash is accepted", arguments: Dialect.allCases)
    func signing(dialect: Dialect) throws {
        let claims = "{\(dialect.required)\(dialect.requiredProfile.externalID == nil ? #","id":"1""# : "")}"
        let token = try TokenSigner(secretText: Sample.secret, dialect: dialect)
            .sign(claims: claims, issuedAt: Int(Sample.now), expiresAt: Int(Sample.now) + 60, withUserHash: true)
        let policy = Sample.policy(of: dialect) { $0.userHash = .enforce }
        #expect(outcome(token, policy: policy).profile?.externalID == "1")
    }

    @Test("a plain identity is proved by the hash of its dialect's id", arguments: Dialect.allCases)
    func plainIdentity(dialect: Dialect) {
        let head = dialect.required.split(separator: ",").filter { !$0.hasPrefix("\"\(dialect.idClaim)\":") }
            .joined(separator: ",")
        let verifier = TokenVerifier()
        let keys = OrganizationKeys(api: Sample.api, userHash: [])
        func verify(_ json: String) -> Outcome {
            Array(json.utf8).withUnsafeBytes {
                Outcome(verifier.verifyPlainIdentity($0, keys: keys, policy: dialect.policy))
            }
        }
        let id = "\"\(dialect.idClaim)\":123"
        #expect(verify("{\(head),\(id),\"user_hash\":\"\(Sample.hash)\"}").profile?.externalID == "123")
        #expect(verify("{\(head),\(id),\"user_hash\":\"\(Sample.hash.dropLast())0\"}").code == .userHashMismatch)
        #expect(verify("{\(head),\"user_hash\":\"\(Sample.hash)\"}").code == .userHashSubjectMissing)
    }
}
