import IdentityCore
import Testing

@Suite struct TokenTimesTests {
    private static let now = Int(Sample.now)

    private func code(_ claims: String, _ change: (inout VerificationPolicy) -> Void = { _ in }) -> RejectionCode? {
        outcome(payload: #"{"email":"a@b.c",\#(claims)}"#, policy: Sample.policy(change)).code
    }

    @Test func `a token without exp is accepted unless one is required`() {
        #expect(outcome(payload: #"{"email":"a@b.c"}"#).code == nil)
        #expect(
            outcome(payload: #"{"email":"a@b.c"}"#, policy: Sample.policy { $0.requireExpiry = true })
                == .rejected(.tokenClaimMissing, claim: "exp"))
    }

    @Test(arguments: [(-61, false), (-60, false), (-59, true), (0, true), (1, true)])
    func `a token is expired on its exp, a minute of skew allowed`(offset: Int, accepted: Bool) {
        #expect(code("\"exp\":\(TokenTimesTests.now + offset)") == (accepted ? nil : .tokenExpired))
    }

    @Test(arguments: [(61, false), (60, true), (0, true), (-100, true)])
    func `nbf and iat may be ahead by the skew`(offset: Int, accepted: Bool) {
        #expect(code("\"nbf\":\(TokenTimesTests.now + offset)") == (accepted ? nil : .tokenNotYetValid))
        #expect(code("\"iat\":\(TokenTimesTests.now + offset)") == (accepted ? nil : .tokenIssuedInFuture))
    }

    @Test func `the skew is a setting`() {
        #expect(code("\"exp\":\(TokenTimesTests.now)") { $0.clockSkewSeconds = 0 } == .tokenExpired)
        #expect(code("\"exp\":\(TokenTimesTests.now + 1)") { $0.clockSkewSeconds = 0 } == nil)
        #expect(code("\"iat\":\(TokenTimesTests.now + 100)") { $0.clockSkewSeconds = 100 } == nil)
    }

    @Test(arguments: [
        ("1750000000.5", true), ("1749999940.5", true), ("1749999939.99", false), ("1.75e9", true), ("175E7", true),
        ("0", false), ("-1", false), ("-1e300", false), ("1e-999", false), ("0.0000000001", false),
        ("1750000000.00000000000000000000000000000001", true),
    ])
    func `times are any JSON numbers`(text: String, accepted: Bool) {
        #expect(code("\"exp\":\(text)") == (accepted ? nil : .tokenExpired))
    }

    @Test(arguments: ["1e999", "-1e999", "\"1750000100\"", "\"\"", "null", "true", "[1750000100]", "{}"])
    func `a time that is no finite number is invalid, never absent`(text: String) {
        for claim in ["exp", "nbf", "iat"] {
            #expect(
                outcome(payload: #"{"email":"a@b.c","\#(claim)":\#(text)}"#)
                    == .rejected(.tokenClaimInvalid, claim: claim))
        }
    }

    @Test(arguments: [3600, 3660])
    func `a token may live as long as allowed, and the skew longer`(lifetime: Int) {
        let now = TokenTimesTests.now
        #expect(code("\"iat\":\(now),\"exp\":\(now + lifetime)") == nil)
        #expect(code("\"exp\":\(now + lifetime)") == nil)
        #expect(code("\"iat\":\(now - 100),\"exp\":\(now - 100 + lifetime)") == nil)
    }

    @Test func `a token that lives longer is refused, measured from iat, else from now`() {
        let now = TokenTimesTests.now
        #expect(code("\"iat\":\(now),\"exp\":\(now + 3661)") == .tokenLifetimeExceeded)
        #expect(code("\"exp\":\(now + 3661)") == .tokenLifetimeExceeded)
        #expect(code("\"iat\":\(now - 3000),\"exp\":\(now + 700)") == .tokenLifetimeExceeded)
        #expect(code("\"exp\":\(now)000") == .tokenLifetimeExceeded)
        #expect(code("\"exp\":1e300") == .tokenLifetimeExceeded)
        #expect(code("\"exp\":1e300") { $0.maxTokenLifetimeSeconds = nil } == nil)
    }

    @Test func `the order is exp, nbf, iat, lifetime, claims`() {
        #expect(code("\"exp\":1,\"nbf\":9e9,\"iat\":9e9,\"id\":1.5") == .tokenExpired)
        #expect(code("\"exp\":9e9,\"nbf\":9e9,\"iat\":9e9,\"id\":1.5") == .tokenNotYetValid)
        #expect(code("\"exp\":9e9,\"iat\":9e9,\"id\":1.5") == .tokenIssuedInFuture)
        #expect(code("\"exp\":9e9,\"id\":1.5") == .tokenLifetimeExceeded)
        #expect(code("\"exp\":1750000100,\"id\":1.5,\"user_hash\":\"00\"") == .tokenClaimInvalid)
        #expect(code("\"exp\":1750000100,\"id\":1,\"user_hash\":\"00\"") == .userHashMismatch)
    }

    @Test(
        "What tells a token from its user's next one is a time or an id",
        arguments: [
            (#"{"email":"a@b.c"}"#, false),
            (#"{"email":"a@b.c","id":"7","name":"A"}"#, false),
            (#"{"email":"a@b.c","exp":1750000100}"#, true),
            (#"{"email":"a@b.c","iat":1749999999}"#, true),
            (#"{"email":"a@b.c","nbf":1749999999}"#, true),
            (#"{"email":"a@b.c","jti":"x"}"#, true),
        ])
    func distinguishable(_ payload: String, _ isDistinguishable: Bool) {
        let keys = OrganizationKeys(api: Sample.api, userHash: [])
        let verifier = TokenVerifier()
        let found = Array(Sample.token(payload).utf8).withUnsafeBytes { token -> Bool? in
            let verdict = verifier.verify(token, keys: keys, policy: Sample.policy(), now: Sample.now)
            guard case .accept(let accepted) = verdict else { return nil }
            return accepted.isDistinguishable
        }
        #expect(found == isDistinguishable)
    }
}
