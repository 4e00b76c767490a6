import IdentityCore
import Testing

@Suite struct JOSEHeaderTests {
    private static let payload = #"{"email":"a@b.c"}"#

    @Test(arguments: [
        #"{"alg":"HS256"}"#, #"{"typ":"JWT","alg":"HS256"}"#, #"{"alg":"HS256","typ":7,"cty":null}"#,
        #"{ "alg" : "HS256" }"#, #"{"\u0061lg":"HS\u003256"}"#, #"{"alg":"HS256","b64":false}"#,
        #"{"alg":"HS256","jku":"https://evil.example/jwks.json"}"#,
        #"{"alg":"HS256","x5u":"https://evil.example/x5u"}"#,
        #"{"alg":"HS256","jwk":{"kty":"oct","k":"AAAA"}}"#, #"{"alg":"HS256","x5c":["AAAA"]}"#,
        #"{"alg":"HS256","kid":"k1"}"#,
    ])
    func `a header with HS256 is accepted, and keys that it brings are not looked at`(header: String) {
        #expect(outcome(Sample.token(JOSEHeaderTests.payload, header: header)).code == nil)
    }

    @Test func `a key that a token brings doesn't verify it`() {
        let header = #"{"alg":"HS256","jwk":{"kty":"oct","k":"YXR0YWNrZXI"}}"#
        let token = Sample.token(JOSEHeaderTests.payload, header: header, secret: "attacker")
        #expect(outcome(token).code == .tokenSignatureMismatch)
    }

    @Test(arguments: [
        "none", "None", "NONE", "nOnE", "", "hs256", "Hs256", "HS256 ", " HS256", "HS384", "HS512", "RS256", "RS384",
        "PS256", "ES256", "EdDSA", "HS2567", "HS25", "HS256\\u0000", "dir", "A256KW",
    ])
    func `every other algorithm is refused, though the signature would hold`(algorithm: String) {
        let header = #"{"alg":"\#(algorithm)"}"#
        #expect(
            outcome(Sample.token(JOSEHeaderTests.payload, header: header)).code == .tokenAlgorithmNotAllowed)
    }

    @Test(arguments: [
        "{}", #"{"typ":"JWT"}"#, #"{"alg":null}"#, #"{"alg":256}"#, #"{"alg":["HS256"]}"#, #"{"alg":true}"#,
        #"{"alg":{"HS256":1}}"#, #"{"Alg":"HS256"}"#, #"{"x":{"alg":"HS256"}}"#,
    ])
    func `a missing algorithm, or one that is no string, is refused`(header: String) {
        #expect(
            outcome(Sample.token(JOSEHeaderTests.payload, header: header)).code == .tokenAlgorithmNotAllowed)
    }

    @Test func `an unsigned token is refused for its algorithm`() {
        let token = Sample.token(JOSEHeaderTests.payload, header: #"{"alg":"none"}"#)
        #expect(outcome(token.prefix { $0 != "." } + ".e30.").code == .tokenAlgorithmNotAllowed)
    }

    @Test(arguments: [
        "", "null", "[]", #""HS256""#, "HS256", #"{"alg":"HS256""#, #"{"alg":"HS256"}}"#, #"{"alg":"HS256"} x"#,
        #"{"alg":"HS256","alg":"HS256"}"#, #"{"alg":"none","alg":"HS256"}"#, #"{"alg":"HS256","\u0061lg":"none"}"#,
        #"{"alg":"HS256","x":{"a":1,"a":2}}"#, #"{"alg":"HS256",}"#, #"{'alg':'HS256'}"#, "\u{FEFF}{\"alg\":\"HS256\"}",
        #"{"alg":"HS256","crit":["exp"]}"#, #"{"alg":"HS256","crit":[]}"#, #"{"alg":"HS256","crit":null}"#,
        #"{"alg":"HS256","b64":false,"crit":["b64"]}"#, #"{"alg":"HS256","kid":1}"#, #"{"alg":"HS256","kid":null}"#,
        #"{"alg":"HS256","kid":["k1"]}"#,
    ])
    func `a header that isn't one plain object, or has a crit or an odd kid, is malformed`(header: String) {
        #expect(outcome(Sample.token(JOSEHeaderTests.payload, header: header)).code == .tokenMalformed)
    }

    @Test(arguments: [
        ("k1", Sample.secret, true), ("k2", Sample.second, true), ("k2", Sample.secret, false),
        ("k1", Sample.second, false), ("k3", Sample.secret, false), ("", Sample.secret, false),
        ("K1", Sample.secret, false), ("k1 ", Sample.secret, false), (#"k\u0031"#, Sample.secret, true),
        ("../../k1", Sample.secret, false),
    ])
    func `a kid picks that key and no other`(kid: String, secret: String, accepted: Bool) {
        let token = Sample.token(
            JOSEHeaderTests.payload, header: #"{"alg":"HS256","kid":"\#(kid)"}"#, secret: secret)
        #expect(outcome(token).code == (accepted ? nil : .tokenSignatureMismatch))
    }

    @Test func `without a kid each active key is tried, four at most`() {
        let texts = (1...5).map { VerificationKeyText(id: "k\($0)", text: "a secret that is long enough, \($0)") }
        for (index, secret) in texts.enumerated() {
            let code = outcome(Sample.token(JOSEHeaderTests.payload, secret: secret.text), api: texts).code
            #expect(code == (index < 4 ? nil : .tokenSignatureMismatch))
        }
    }

    @Test func `an organization without keys accepts nothing, and an empty secret is no key`() {
        let token = Sample.token(JOSEHeaderTests.payload, secret: "")
        #expect(outcome(token, api: []).code == .tokenSignatureMismatch)
        #expect(outcome(token, api: [VerificationKeyText(id: "k1", text: "")]).code == .tokenSignatureMismatch)
    }
}
