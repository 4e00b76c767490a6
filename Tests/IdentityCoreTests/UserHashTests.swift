import IdentityCore
import MessageAuthentication
import Testing

@Suite struct UserHashTests {
    private func code(
        _ claims: String, _ rule: Enforcement, hashSecrets: [String] = []
    ) -> RejectionCode? {
        outcome(
            Sample.token(#"{"email":"a@b.c"\#(claims)}"#), policy: Sample.policy { $0.userHash = rule },
            userHash: hashSecrets.enumerated().map { VerificationKeyText(id: "h\($0)", text: $1) }
        ).code
    }

    @Test func `the known answer holds`() {
        #expect(UserHash.compute(secretText: Sample.secret, id: "123") == Sample.hash)
    }

    @Test(arguments: [Enforcement.off, .report, .enforce])
    func `a right hash is accepted, in either case, over a text or a number, under each active key`(rule: Enforcement) {
        let second = UserHash.compute(secretText: Sample.second, id: "123")
        for hash in [Sample.hash, Sample.hash.uppercased(), second] {
            for id in [#""123""#, "123", #""\u003123""#] {
                #expect(code(#","id":\#(id),"user_hash":"\#(hash)""#, rule) == nil)
            }
        }
    }

    @Test(arguments: [Enforcement.off, .report, .enforce])
    func `a wrong hash is refused whatever the rule`(rule: Enforcement) throws {
        let key = try #require(Hexadecimal.decode(Sample.secret))
        let hexDecoded = Hexadecimal.text(HMACSHA256(key: key).code(of: Array("123".utf8)))
        #expect(hexDecoded.hasPrefix("e7c5538a"))
        let wrong = [
            hexDecoded, UserHash.compute(secretText: Sample.secret, id: "124"),
            UserHash.compute(secretText: Sample.secret, id: "a@b.c"), String(Sample.hash.dropLast()), Sample.hash + "0",
            Sample.hash + " ", " " + Sample.hash, "0x" + Sample.hash.dropLast(2), "g" + Sample.hash.dropFirst(), "0",
            String(repeating: "é", count: 32), String(repeating: "0", count: 2000),
        ]
        for hash in wrong { #expect(code(#","id":"123","user_hash":"\#(hash)""#, rule) == .userHashMismatch) }
    }

    @Test func `the id is hashed as it is written`() {
        let big = UserHash.compute(secretText: Sample.secret, id: "9007199254740993")
        #expect(code(#","id":9007199254740993,"user_hash":"\#(big)""#, .enforce) == nil)
        let padded = UserHash.compute(secretText: Sample.secret, id: "0123")
        #expect(code(#","id":"0123","user_hash":"\#(padded)""#, .enforce) == nil)
        #expect(code(#","id":"0123","user_hash":"\#(Sample.hash)""#, .enforce) == .userHashMismatch)
    }

    @Test(arguments: [Enforcement.off, .report, .enforce], ["", #","user_hash":null"#, #","user_hash":"""#])
    func `an absent hash is refused only where the rule is enforced`(rule: Enforcement, claim: String) {
        #expect(code(#","id":"123""# + claim, rule) == (rule == .enforce ? .userHashMissing : nil))
        #expect(code(claim, rule) == (rule == .enforce ? .userHashMissing : nil))
    }

    @Test(arguments: [
        (Enforcement.enforce, RejectionCode.userHashSubjectMissing), (.report, .userHashMismatch),
        (.off, .userHashMismatch),
    ])
    func `a hash without an id vouches for nothing`(rule: Enforcement, expected: RejectionCode) {
        for id in ["", #","id":null"#, #","id":"""#, #","external_user_id":"123""#] {
            #expect(code(id + #","user_hash":"\#(Sample.hash)""#, rule) == expected)
        }
    }

    @Test func `where there is a hash secret, the API secret no longer counts`() {
        let hash = UserHash.compute(secretText: Sample.hashSecret, id: "123")
        let secrets = [Sample.hashSecret]
        #expect(code(#","id":"123","user_hash":"\#(hash)""#, .enforce, hashSecrets: secrets) == nil)
        #expect(
            code(#","id":"123","user_hash":"\#(Sample.hash)""#, .enforce, hashSecrets: secrets) == .userHashMismatch)
        #expect(code(#","id":"123","user_hash":"\#(Sample.hash)""#, .enforce, hashSecrets: [""]) == .userHashMismatch)
    }

    @Test func `report says what would have been refused`() {
        for (claims, rule, expected) in [
            (#","id":"123""#, Enforcement.report, [Rejection(.userHashMissing)]),
            (#","id":"123","user_hash":"\#(Sample.hash)""#, .report, []), ("", .off, []),
        ] {
            let bytes = Array(Sample.token(#"{"email":"a@b.c"\#(claims)}"#).utf8)
            let verdict = bytes.withUnsafeBytes {
                TokenVerifier().verify(
                    $0, keys: OrganizationKeys(api: Sample.api, userHash: []),
                    policy: Sample.policy { $0.userHash = rule }, now: Sample.now)
            }
            guard case .accept(let token) = verdict else {
                Issue.record("refused")
                continue
            }
            #expect(token.wouldReject == expected)
            #expect(token.userHashVerified == claims.contains("user_hash"))
            #expect(token.keyID == "k1")
        }
    }
}
