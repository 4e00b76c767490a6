import IdentityCore
import MessageAuthentication
import Testing

@Suite struct SignatureTests {
    private static let payload = #"{"email":"a@b.c"}"#
    private static let token = Sample.token(payload)

    @Test func `the key is the text of the secret and not the bytes that it encodes`() throws {
        let input = SignatureTests.token.split(separator: ".").prefix(2).joined(separator: ".")
        let key = try #require(Hexadecimal.decode(Sample.secret))
        let forged = input + "." + Base64URL.text(HMACSHA256(key: key).code(of: Array(input.utf8)))
        #expect(outcome(forged).code == .tokenSignatureMismatch)
    }

    @Test(arguments: [0, 1, 16, 31, 33, 48, 64])
    func `a signature of another length doesn't hold`(count: Int) {
        let input = SignatureTests.token.split(separator: ".").prefix(2).joined(separator: ".")
        var code = HMACSHA256(secretText: Sample.secret).code(of: Array(input.utf8))
        code = count < 32 ? Array(code.prefix(count)) : code + [UInt8](repeating: 0, count: count - 32)
        #expect(outcome(input + "." + Base64URL.text(code)).code == .tokenSignatureMismatch)
    }

    @Test func `every bit of a signature counts`() {
        let input = SignatureTests.token.split(separator: ".").prefix(2).joined(separator: ".")
        let code = HMACSHA256(secretText: Sample.secret).code(of: Array(input.utf8))
        for bit in 0..<256 {
            var changed = code
            changed[bit / 8] ^= 1 << (bit % 8)
            #expect(outcome(input + "." + Base64URL.text(changed)).code == .tokenSignatureMismatch)
        }
    }

    @Test func `no payload is judged before its signature holds`() {
        for payload in ["", "not JSON", #"{"email":1,"exp":0}"#, "{\"a\":1,\"a\":2}"] {
            #expect(outcome(Sample.token(payload, secret: "another")).code == .tokenSignatureMismatch)
        }
    }

    @Test func `a refused token's key is known where one vouches for it`() {
        let keys = OrganizationKeys(api: Sample.api, userHash: [])
        let verifier = TokenVerifier()
        for (token, key) in [
            (Sample.token(#"{"email":"a@b.c","exp":1}"#, secret: Sample.second), "k2"),
            (Sample.token("{}"), "k1"), (Sample.token(#"{"email":"a@b.c"}"#, secret: "x"), nil), ("a.b", nil),
            (Sample.token("[]"), "k1"),
        ] as [(String, String?)] {
            let verdict = Array(token.utf8).withUnsafeBytes {
                Outcome(verifier.verify($0, keys: keys, policy: Sample.policy(), now: Sample.now))
            }
            #expect(verdict.code != nil)
            #expect(verifier.refusedKeyID == key)
        }
    }
}
