import IdentityCore
import Testing

@Suite struct ProductBridgeTests {
    private func outcome(_ claims: String) -> Outcome { IdentityCoreTests.outcome(payload: "{\(claims)}") }
    private func with(_ claims: String) -> Outcome { outcome(#""email":"a@b.c","# + claims) }

    @Test func `every claim has its place in the profile`() {
        let profile = with(
            #""id":"123","name":"Jane","avatarURL":"https://a.b/c.png","company_name":"Acme","company_id":7,"#
                + #""company_mrr":"10.99","customer_status":"trial","renewal_date":"2028-02-29","renewal_risk":"low","#
                + #""account_owner_id":"o1","account_owner_email":"o@v.x","external_user_id":"e9","iat":1750000000,"#
                + #""jti":"x","plan":{"tier" : "pro"}"#
        ).profile
        var expected = UserProfile()
        expected.externalID = "123"
        expected.email = "a@b.c"
        expected.name = "Jane"
        expected.avatarURL = "https://a.b/c.png"
        expected.company = UserProfile.Company()
        expected.company?.name = "Acme"
        expected.company?.id = "7"
        expected.company?.mrr = "10.99"
        expected.status = "trial"
        expected.renewal = UserProfile.Renewal()
        expected.renewal?.date = "2028-02-29"
        expected.renewal?.risk = "low"
        expected.owner = UserProfile.Owner()
        expected.owner?.id = "o1"
        expected.owner?.email = "o@v.x"
        expected.extra = RawJSON(text: #"{"external_user_id":"e9","plan":{"tier" : "pro"}}"#)
        #expect(profile == expected)
    }

    @Test(arguments: ["", #""email":null"#, #""email":"""#, #""mail":"a@b.c""#, #""Email":"a@b.c""#])
    func `the email is required`(claims: String) {
        #expect(outcome(claims) == .rejected(.tokenClaimMissing, claim: "email"))
    }

    @Test(arguments: [
        "1", "true", "[]", "{}", #""jane""#, #""@b.c""#, #""jane@""#, #""a@b.c\n""#, #""a@b.c\r\nX-Evil: 1""#,
        #""a@b.c\u0000""#, #""a\u007f@b.c""#, #""a\u0085@b.c""#, #"" a@b.c""#, #""a@b.c ""#,
        "\"\(String(repeating: "x", count: 318))@b.c\"",
    ])
    func `what can't be an email is invalid`(value: String) {
        #expect(outcome(#""email":\#(value)"#) == .rejected(.tokenClaimInvalid, claim: "email"))
    }

    @Test(arguments: [
        (#""123""#, "123"), ("123", "123"), ("0", "0"), ("-7", "-7"), ("9007199254740993", "9007199254740993"),
        ("123456789012345678901234567890", "123456789012345678901234567890"), (#""0123""#, "0123"),
        (#""1.5""#, "1.5"), (#""ünï""#, "ünï"), (#""a b""#, "a b"), (#""\u0031""#, "1"),
    ])
    func `an id is a text, or an integer by its own digits`(value: String, id: String) {
        #expect(with(#""id":\#(value)"#).profile?.externalID == id)
    }

    @Test(arguments: ["null", #""""#])
    func `an id may be absent`(value: String) {
        let profile = with(#""id":\#(value)"#).profile
        #expect(profile != nil)
        #expect(profile?.externalID == nil)
        #expect(with(#""external_user_id":"e""#).profile?.externalID == nil)
    }

    @Test(arguments: [
        "1.5", "1.0", "1e3", "1E0", "-0", "true", "[]", "{}", #"["1"]"#, #""a\nb""#, #""a\u0000""#, #"" 1""#, #""1 ""#,
        "\"\(String(repeating: "1", count: 1025))\"", String(repeating: "1", count: 1025),
    ])
    func `any other id is invalid`(value: String) {
        for claim in ["id", "company_id", "account_owner_id", "external_user_id"] {
            #expect(with(#""\#(claim)":\#(value)"#) == .rejected(.tokenClaimInvalid, claim: claim))
        }
    }

    @Test(arguments: [
        ("name", "1"), ("name", "[]"), ("name", #""a\u0000b""#), ("name", "\"\(String(repeating: "x", count: 1025))\""),
        ("avatarURL", "false"), ("avatarURL", "\"\(String(repeating: "x", count: 2049))\""), ("company_name", "{}"),
        ("company_mrr", #""ten""#), ("company_mrr", #""10,99""#), ("company_mrr", #"" 1""#), ("company_mrr", #""NaN""#),
        ("company_mrr", #""1e999""#), ("company_mrr", "1e999"), ("company_mrr", "true"), ("customer_status", "1"),
        ("renewal_date", #""2026-02-29""#), ("renewal_date", #""2026-2-1""#), ("renewal_date", #""01/02/2026""#),
        ("renewal_date", #""2026-13-01""#), ("renewal_date", #""2026-00-10""#), ("renewal_date", #""2026-04-31""#),
        ("renewal_date", #""2026-01-01T00:00:00Z""#), ("renewal_date", "20260101"), ("renewal_risk", #""none""#),
        ("renewal_risk", #""High""#), ("renewal_risk", "1"), ("account_owner_email", #""nobody""#),
        ("user_hash", "1"), ("user_hash", "[]"),
    ])
    func `a known claim with a wrong value is invalid and named`(claim: String, value: String) {
        #expect(with(#""id":"1","\#(claim)":\#(value)"#) == .rejected(.tokenClaimInvalid, claim: claim))
    }

    @Test(arguments: [
        "id", "name", "avatarURL", "company_name", "company_id", "company_mrr", "customer_status", "renewal_date",
        "renewal_risk", "account_owner_id", "account_owner_email", "external_user_id", "user_hash",
    ])
    func `an optional claim that is null or empty is absent`(claim: String) {
        var expected = UserProfile()
        expected.email = "a@b.c"
        #expect(with(#""\#(claim)":null"#) == .accepted(expected))
        #expect(with(#""\#(claim)":"""#) == .accepted(expected))
    }

    @Test(arguments: [("10", "10"), ("10.990", "10.990"), (#""4""#, "4"), ("-1.5e2", "-1.5e2"), (#""0.10""#, "0.10")])
    func `an amount keeps its text`(value: String, text: String) {
        #expect(with(#""company_mrr":\#(value)"#).profile?.company?.mrr == text)
    }

    @Test func `the email is required before other claims are looked at`() {
        #expect(outcome(#""id":1.5,"name":1"#) == .rejected(.tokenClaimMissing, claim: "email"))
    }

    @Test func `unknown claims are kept as they are written, up to 4 KiB`() {
        #expect(with(#""x":[1, 2],"\u0079":"\u00e9""#).profile?.extra?.text == #"{"x":[1, 2],"\u0079":"\u00e9"}"#)
        #expect(with(#""name":"x""#).profile?.extra == nil)
        let frame = #"{"x":""}"#.utf8.count
        let most = String(repeating: "x", count: 4096 - frame)
        #expect(with(#""x":"\#(most)""#).profile?.extra?.text.utf8.count == 4096)
        let over = with(#""x":"\#(most)y""#).profile
        #expect(over?.email == "a@b.c")
        #expect(over?.extra == nil)
    }

    @Test func `a token whose extra was dropped says so`() {
        let big = String(repeating: "x", count: 4100)
        for (extra, warnings) in [("x", TokenWarnings()), (big, .extraDropped)] {
            let bytes = Array(Sample.token(#"{"email":"a@b.c","x":"\#(extra)"}"#).utf8)
            let verdict = bytes.withUnsafeBytes {
                TokenVerifier().verify(
                    $0, keys: OrganizationKeys(api: Sample.api, userHash: []), policy: Sample.policy(), now: Sample.now)
            }
            guard case .accept(let token) = verdict else {
                Issue.record("refused")
                continue
            }
            #expect(token.warnings == warnings)
        }
    }
}
