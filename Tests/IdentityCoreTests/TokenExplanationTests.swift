import IdentityCore
import MessageAuthentication
import Testing

@Suite struct TokenExplanationTests {
    private func explain(_ token: String, policy: VerificationPolicy = Sample.policy()) -> TokenExplanation {
        TokenExplanation(token: token, api: Sample.api, userHash: [], policy: policy, now: Sample.now)
    }

    private func failure(_ explanation: TokenExplanation) -> (name: String, words: String)? {
        explanation.steps.first { $0.outcome == .failed }.map { ($0.name, $0.words) }
    }

    @Test func `an accepted token passes nine steps`() {
        let explanation = explain(Sample.token(#"{"email":"a@b.c","exp":1750000100}"#))
        #expect(
            explanation.steps.map(\.name) == [
                "size", "segments", "header", "signature", "payload", "time", "lifetime", "claims", "user_hash",
            ])
        #expect(explanation.steps.allSatisfy { $0.outcome == .ok })
        #expect(explanation.keyID == "k1")
        #expect(explanation.profile?.email == "a@b.c")
    }

    @Test func `steps after a refusal are skipped`() {
        let explanation = explain("a.b")
        #expect(
            explanation.steps.map(\.outcome) == [.ok, .failed]
                + [TokenExplanation.Step.Outcome](repeating: .skipped, count: 7))
        #expect(explanation.profile == nil)
    }

    @Test(arguments: [
        (String(repeating: "x", count: 9000), "size"), ("a.b.c.d", "segments"),
        (Sample.token("{}", header: #"{"alg":"none"}"#), "header"), (Sample.token("{}", secret: "x"), "signature"),
        (Sample.token("[]"), "payload"), (Sample.token(#"{"exp":1}"#), "time"),
        (Sample.token(#"{"exp":9e9}"#), "lifetime"), (Sample.token("{}"), "claims"),
        (Sample.token(#"{"email":"a@b.c","id":"1","user_hash":"0"}"#), "user_hash"),
    ])
    func `the failed step is named`(token: String, step: String) {
        #expect(failure(explain(token))?.name == step)
    }

    @Test func `a hex-decoded key is recognised in a token and in a hash`() throws {
        let key = HMACSHA256(key: try #require(Hexadecimal.decode(Sample.secret)))
        let input = Base64URL.text(Sample.header.utf8) + "." + Base64URL.text(#"{"email":"a@b.c"}"#.utf8)
        let token = input + "." + Base64URL.text(key.code(of: Array(input.utf8)))
        #expect(failure(explain(token))?.words.contains("hexadecimal") == true)
        let hash = Hexadecimal.text(key.code(of: Array("123".utf8)))
        let hashed = Sample.token(#"{"email":"a@b.c","id":"123","user_hash":"\#(hash)"}"#)
        #expect(failure(explain(hashed))?.words.contains("hexadecimal") == true)
    }

    @Test func `a hash over the email is recognised`() {
        let hash = UserHash.compute(secretText: Sample.secret, id: "a@b.c")
        let token = Sample.token(#"{"email":"a@b.c","id":"123","user_hash":"\#(hash)"}"#)
        #expect(failure(explain(token))?.words.contains("email") == true)
    }

    @Test func `a secret with a line break is recognised`() {
        let token = Sample.token(#"{"email":"a@b.c"}"#, secret: Sample.secret + "\n")
        #expect(failure(explain(token))?.words.contains("line break") == true)
    }

    @Test func `milliseconds are recognised`() {
        #expect(
            failure(explain(Sample.token(#"{"email":"a@b.c","exp":1750000100000}"#)))?.words.contains("milliseconds")
                == true)
        #expect(
            failure(explain(Sample.token(#"{"email":"a@b.c","iat":1750000000000}"#)))?.words.contains("milliseconds")
                == true)
    }

    @Test func `a kid that names the wrong key is recognised`() {
        let wrong = Sample.token(#"{"email":"a@b.c"}"#, header: #"{"alg":"HS256","kid":"k2"}"#)
        #expect(failure(explain(wrong))?.words.contains("signed with secret k1") == true)
        let unknown = Sample.token(#"{"email":"a@b.c"}"#, header: #"{"alg":"HS256","kid":"k9"}"#)
        #expect(failure(explain(unknown))?.words.contains("names no active secret") == true)
    }

    @Test(
        "what claims do with a role is said",
        arguments: [
            (#""trusted":true"#, ""),
            ("", " A user who is an admin or owner isn't let in with it: 'trusted' isn't true."),
            (#""admin":"accept""#, " 'admin' makes the user an admin."),
            (#""owner":"accept","admin":"accept""#, " 'owner' makes the user an owner."),
            (#""trusted":true,"admin":"deny""#, " 'admin' takes that role away."),
            (
                #""admin":"deny","owner":"accept""#,
                " 'admin' would deny and is ignored: 'trusted' isn't true. 'owner' makes the user an owner."
            ), (#""trusted":true,"admin":"deny","owner":"accept""#, " 'admin' takes that role away."),
        ])
    func privileges(claims: String, words: String) {
        let payload = "{\(Dialect.uservoice.required)\(claims.isEmpty ? "" : ",")\(claims)}"
        let explanation = explain(Sample.token(payload), policy: Sample.policy(of: .uservoice))
        #expect(
            explanation.steps.first { $0.name == "claims" }?.words == "The claims are those of uservoice." + words)
    }

    @Test("dropped claims are said to be")
    func dropped() {
        let payload = "{\(Dialect.sleekplan.required),\"x\":\(letters(4100))}"
        let explanation = explain(Sample.token(payload), policy: Sample.policy(of: .sleekplan))
        #expect(explanation.warnings.names == ["extra_dropped"])
        #expect(explanation.steps.contains { $0.words.contains("dropped") })
    }

    @Test(
        "each dialect's expiry is explained",
        arguments: [
            (#""expires":"2025-06-15 15:00:00""#, "It expired 400 s ago."),
            (#""expires":"soon""#, "'expires' must be text such as 2030-12-31 23:59:59, in GMT."),
            (#""expires":"2025-06-15 15:00:00","exp":"soon""#, "'exp' must be a JSON number"),
        ])
    func expiry(claims: String, words: String) {
        let token = Sample.token("{\(Dialect.uservoice.required),\(claims)}")
        let found = failure(explain(token, policy: Sample.policy(of: .uservoice)))
        #expect(found?.name == "time" && found?.words.hasPrefix(words) == true, "\(found?.words ?? "")")
    }

    @Test func `no word of an explanation is a secret`() {
        let tokens = [
            Sample.token("{}", secret: "x"), Sample.token("{}", secret: Sample.secret + "\n"), Sample.token("{}"),
        ]
        for token in tokens {
            for step in explain(token).steps { #expect(!step.words.contains(Sample.secret.prefix(16))) }
        }
    }
}
