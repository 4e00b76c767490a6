import IdentityCore
import Testing

@Suite("UserVoice: rights and expiry")
struct UserVoiceTests {
    private static let later = "2025-06-15 15:15:00"  // 1750000500

    @Test(
        "trusted, admin and owner are read as they are meant",
        arguments: [
            ("", false, PrivilegeClaims.Claim.absent, PrivilegeClaims.Claim.absent),
            (#""trusted":true"#, true, .absent, .absent), (#""trusted":"true""#, true, .absent, .absent),
            (#""trusted":false"#, false, .absent, .absent), (#""trusted":"false""#, false, .absent, .absent),
            (#""trusted":null,"admin":null,"owner":"""#, false, .absent, .absent),
            (#""admin":"accept""#, false, .accept, .absent), (#""admin":"deny""#, false, .deny, .absent),
            (#""owner":"accept""#, false, .absent, .accept), (#""owner":"d\u0065ny""#, false, .absent, .deny),
            (#""trusted":"true","admin":"deny","owner":"accept""#, true, .deny, .accept),
        ])
    func privileges(claims: String, trusted: Bool, admin: PrivilegeClaims.Claim, owner: PrivilegeClaims.Claim) {
        var expected = PrivilegeClaims()
        expected.isTrusted = trusted
        expected.admin = admin
        expected.owner = owner
        let found = Dialect.uservoice.accepting(claims.isEmpty ? #""x":1"# : claims) { $0.privileges }
        #expect(found == expected)
    }

    @Test("other words and types are invalid", arguments: ["trusted", "admin", "owner"])
    func wrongPrivileges(claim: String) {
        for value in ["1", "0", "[]", "{}", #""yes""#, #""Accept""#, #""accept ""#, #""allow""#, letters(2000)] {
            #expect(
                Dialect.uservoice.with("\"\(claim)\":\(value)") == .rejected(.tokenClaimInvalid, claim: claim),
                "\(value)")
        }
        let other = claim == "trusted" ? #""accept""# : "true"
        #expect(Dialect.uservoice.with("\"\(claim)\":\(other)") == .rejected(.tokenClaimInvalid, claim: claim))
    }

    @Test(
        "a deny that isn't trusted is noted",
        arguments: [
            (#""admin":"deny""#, TokenWarnings.privilegeDenyIgnored), (#""owner":"deny""#, .privilegeDenyIgnored),
            (#""owner":"accept","admin":"deny""#, .privilegeDenyIgnored), (#""admin":"deny","trusted":true"#, []),
            (#""admin":"accept""#, []), (#""trusted":false"#, []),
            (#""admin":"deny","x":\#(letters(4100))"#, [.privilegeDenyIgnored, .extraDropped]),
        ] as [(String, TokenWarnings)])
    func warnings(claims: String, expected: TokenWarnings) {
        #expect(Dialect.uservoice.accepting(claims) { $0.warnings } == expected)
        let explanation = TokenExplanation(
            token: Sample.token("{\(Dialect.uservoice.required),\(claims)}"), api: Sample.api, userHash: [],
            policy: Dialect.uservoice.policy, now: Sample.now)
        #expect(explanation.warnings == expected)
    }

    @Test("a plain identity carries no rights and warns of none")
    func plainIdentity() {
        let json = Array(
            #"{"guid":"123","email":"a@b.c","trusted":true,"admin":"accept","owner":"deny","user_hash":"\#(Sample.hash)"}"#
                .utf8)
        let verifier = TokenVerifier()
        let verdict = json.withUnsafeBytes {
            verifier.verifyPlainIdentity(
                $0, keys: OrganizationKeys(api: Sample.api, userHash: []), policy: Dialect.uservoice.policy)
        }
        guard case .accept(let identity) = verdict else {
            Issue.record("refused")
            return
        }
        #expect(identity.privileges == PrivilegeClaims())
        #expect(identity.warnings == [])
    }

    // MARK: expires

    @Test(
        "expires is the moment that the text means, and what means none is refused", arguments: try Fixtures.moments())
    func moment(moment: Fixtures.Moment) throws {
        let claims = "\"expires\":\(try moment.json)"
        guard let seconds = moment.seconds else {
            #expect(Dialect.uservoice.with(claims) == .rejected(.tokenClaimInvalid, claim: "expires"))
            return
        }
        let policy = Dialect.uservoice.policy
        let payload = "{\(Dialect.uservoice.required),\(claims)}"
        // The skew is 60 s, and a token is expired on its expiry.
        #expect(outcome(Sample.token(payload), policy: policy, now: seconds + 59.5).profile != nil)
        #expect(outcome(Sample.token(payload), policy: policy, now: seconds + 60).code == .tokenExpired)
    }

    @Test(arguments: [#""expires":null"#, #""expires":"""#])
    func `an absent expires is none, as with every other claim`(claims: String) {
        #expect(Dialect.uservoice.accepting(claims) { $0.expiresAt == nil } == true)
        #expect(Dialect.uservoice.with(claims) == .accepted(Dialect.uservoice.requiredProfile))
    }

    @Test(arguments: ["1750000500", "1750000500.5", "true", "false", "[]", "{}", #"["2025-06-15 15:15:00"]"#])
    func `an expires that is no text is refused`(value: String) {
        #expect(Dialect.uservoice.with("\"expires\":\(value)") == .rejected(.tokenClaimInvalid, claim: "expires"))
    }

    @Test("the earlier of exp and expires holds, and counts as the expiry everywhere")
    func earlier() {
        func expiry(_ claims: String) -> Double? { Dialect.uservoice.accepting(claims) { $0.expiresAt ?? .infinity } }
        #expect(expiry("\"expires\":\"\(Self.later)\"") == 1_750_000_500)
        #expect(expiry("\"expires\":\"\(Self.later)\",\"exp\":1750000300") == 1_750_000_300)
        #expect(expiry("\"expires\":\"\(Self.later)\",\"exp\":1750000900") == 1_750_000_500)
        #expect(expiry(#""exp":1750000900"#) == 1_750_000_900)
        #expect(Dialect.uservoice.with("\"expires\":\"\(Self.later)\",\"exp\":1").code == .tokenExpired)
        #expect(Dialect.uservoice.with(#""expires":"2020-01-01 00:00:00","exp":1750000900"#).code == .tokenExpired)
        #expect(
            Dialect.uservoice.with("\"expires\":\"\(Self.later)\",\"exp\":\"soon\"")
                == .rejected(.tokenClaimInvalid, claim: "exp"))
        let strict = Sample.policy(of: .uservoice) {
            $0.requireExpiry = true
            $0.maxTokenLifetimeSeconds = 300
        }
        func code(_ text: String) -> RejectionCode? {
            outcome(payload: "{\(Dialect.uservoice.required),\"expires\":\"\(text)\"}", policy: strict).code
        }
        #expect(code("2025-06-15 15:12:40") == nil)
        #expect(code(Self.later) == .tokenLifetimeExceeded)
    }

    @Test("an expiry in the past comes before an odd claim, and an odd expiry too")
    func order() {
        #expect(Dialect.uservoice.with(#""expires":"2020-01-01 00:00:00","locale":"xx""#).code == .tokenExpired)
        #expect(
            Dialect.uservoice.with(#""expires":"soon","locale":"xx""#)
                == .rejected(.tokenClaimInvalid, claim: "expires"))
    }
}
