import IdentityCore
import Testing

@Suite struct PlainIdentityTests {
    private func outcome(_ json: String, rule: Enforcement = .off, hashSecret: String? = nil) -> Outcome {
        let keys = OrganizationKeys(
            api: Sample.api, userHash: hashSecret.map { [VerificationKeyText(id: "h1", text: $0)] } ?? [])
        return Array(json.utf8).withUnsafeBytes {
            Outcome(
                TokenVerifier().verifyPlainIdentity($0, keys: keys, policy: Sample.policy { $0.userHash = rule }))
        }
    }

    @Test func `a right hash is accepted, and only the id is verified`() {
        let json = Array(#"{"id":"123","email":"a@b.c","name":"Jane","user_hash":"\#(Sample.hash)"}"#.utf8)
        let verdict = json.withUnsafeBytes {
            TokenVerifier().verifyPlainIdentity(
                $0, keys: OrganizationKeys(api: Sample.api, userHash: []), policy: Sample.policy())
        }
        guard case .accept(let identity) = verdict else {
            Issue.record("refused")
            return
        }
        #expect(identity.onlyIDVerified)
        #expect(identity.userHashVerified)
        #expect(identity.expiresAt == nil)
        #expect(identity.profile().externalID == "123")
        #expect(identity.profile().name == "Jane")
    }

    @Test(arguments: [Enforcement.off, .report, .enforce])
    func `the hash is mandatory whatever the rule`(rule: Enforcement) {
        #expect(outcome(#"{"id":"123","email":"a@b.c"}"#, rule: rule).code == .userHashMissing)
        #expect(outcome(#"{"id":"123","email":"a@b.c","user_hash":""}"#, rule: rule).code == .userHashMissing)
        #expect(
            outcome(#"{"email":"a@b.c","user_hash":"\#(Sample.hash)"}"#, rule: rule).code == .userHashSubjectMissing)
        #expect(
            outcome(#"{"id":"124","email":"a@b.c","user_hash":"\#(Sample.hash)"}"#, rule: rule).code
                == .userHashMismatch)
    }

    @Test func `a hash secret of its own replaces the API secret`() {
        let hash = UserHash.compute(secretText: Sample.hashSecret, id: "123")
        let json = #"{"id":"123","email":"a@b.c","user_hash":"\#(hash)"}"#
        #expect(outcome(json, hashSecret: Sample.hashSecret).profile != nil)
        #expect(outcome(json).code == .userHashMismatch)
    }

    @Test(arguments: [
        "", "null", "[]", "{", #"{"id":"123","id":"124"}"#, #"{"id":"123"} x"#, "{\"id\":\"\u{0}\"}",
        "{\"x\":\"\(String(repeating: "x", count: 8192))\"}",
    ])
    func `what isn't one JSON object of at most 8 KiB is malformed`(json: String) {
        #expect(outcome(json).code == .identityMalformed)
    }

    @Test func `claims are looked at after the hash holds`() {
        #expect(outcome(#"{"id":"123","email":1,"user_hash":"00"}"#).code == .userHashMismatch)
        #expect(
            outcome(#"{"id":"123","email":1,"user_hash":"\#(Sample.hash)"}"#)
                == .rejected(.tokenClaimInvalid, claim: "email"))
        #expect(
            outcome(#"{"id":"123","user_hash":"\#(Sample.hash)"}"#) == .rejected(.tokenClaimMissing, claim: "email"))
        #expect(outcome(#"{"id":1.5,"user_hash":"00"}"#) == .rejected(.tokenClaimInvalid, claim: "id"))
    }
}
