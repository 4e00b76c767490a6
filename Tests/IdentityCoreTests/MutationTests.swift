import IdentityCore
import MessageAuthentication
import Testing

/// Random changes, from a fixed seed: nothing changed is ever accepted, and nothing crashes.
@Suite struct MutationTests {
    /// SplitMix64.
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
            return value ^ value >> 31
        }
    }

    private static let payload =
        #"{"email":"jane@example.com","id":"123","name":"J\u00e4ne 😀","exp":1750000100,"iat":1.75e9,"#
        + #""company_mrr":"10.99","renewal_date":"2028-02-29","x":[{"a":[null,true,-1.5e3]},"é"],"#
        + #""user_hash":"\#(Sample.hash)"}"#

    private static func mutate(_ bytes: inout [UInt8], _ generator: inout Generator) {
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let place = bytes.isEmpty ? 0 : Int.random(in: 0..<bytes.count, using: &generator)
            switch Int.random(in: 0..<6, using: &generator) {
            case 0 where !bytes.isEmpty: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 1 where !bytes.isEmpty: bytes[place] = .random(in: .min ... .max, using: &generator)
            case 2 where !bytes.isEmpty: bytes.remove(at: place)
            case 3: bytes.insert(.random(in: .min ... .max, using: &generator), at: place)
            case 4: bytes.insert(Array(#"{}[]",:\u.0e-"#.utf8).randomElement(using: &generator) ?? 0, at: place)
            default: bytes.removeSubrange(place..<min(bytes.count, place + 4))
            }
        }
    }

    @Test func `a changed token is never accepted`() {
        let original = Array(Sample.token(MutationTests.payload).utf8)
        let verifier = TokenVerifier()
        let keys = OrganizationKeys(api: Sample.api, userHash: [])
        let policy = Sample.policy()
        var generator = Generator(state: 1)
        var verdicts: [RejectionCode: Int] = [:]
        for _ in 0..<20_000 {
            var token = original
            MutationTests.mutate(&token, &generator)
            guard token != original else { continue }
            token.withUnsafeBytes {
                switch verifier.verify($0, keys: keys, policy: policy, now: Sample.now) {
                case .accept: Issue.record("a changed token was accepted")
                case .reject(let rejection): verdicts[rejection.code, default: 0] += 1
                }
            }
        }
        #expect(Set(verdicts.keys) == [.tokenMalformed, .tokenSignatureMismatch, .tokenAlgorithmNotAllowed])
    }

    @Test func `a changed payload that is rightly signed never crashes, and what is accepted is JSON`() throws {
        let verifier = TokenVerifier()
        let keys = OrganizationKeys(api: Sample.api, userHash: [])
        let policy = Sample.policy()
        var generator = Generator(state: 2)
        for _ in 0..<10_000 {
            var payload = Array(MutationTests.payload.utf8)
            MutationTests.mutate(&payload, &generator)
            Array(Sample.token(payload).utf8).withUnsafeBytes {
                if case .accept(let token) = verifier.verify($0, keys: keys, policy: policy, now: Sample.now) {
                    #expect(String(validating: payload, as: UTF8.self) != nil)
                    let profile = token.profile()
                    #expect(profile.email?.contains("@") == true)
                }
            }
            _ = payload.withUnsafeBytes { verifier.verifyPlainIdentity($0, keys: keys, policy: policy) }
        }
    }

    @Test func `a changed header that is rightly signed never crashes`() {
        let verifier = TokenVerifier()
        let keys = OrganizationKeys(api: Sample.api, userHash: [])
        var generator = Generator(state: 3)
        for _ in 0..<10_000 {
            var header = Array(#"{"alg":"HS256","typ":"JWT","kid":"k1","x":{"\u0061":[1,2]}}"#.utf8)
            MutationTests.mutate(&header, &generator)
            let token = Sample.signed(Base64URL.text(header) + "." + Base64URL.text(MutationTests.payload.utf8))
            Array(token.utf8).withUnsafeBytes {
                _ = verifier.verify($0, keys: keys, policy: Sample.policy(), now: Sample.now)
            }
        }
    }

    // MARK: All dialects

    private static let payloads: [Dialect: String] = [
        .productbridge: payload,
        .productlift: #"{"email":"a@b.c","uid":9007199254740993,"name":"J\u00e4ne","mrr":"10.99","arr":1.5e3,"ltv":0,"#
            + #""segment_1":"a","segment_10":"\u00e9","company":"Acme","exp":1750000100}"#,
        .sleekplan: #"{"mail":"a@b.c","id":"7","name":"jane7","weight":"4","meta":{"a":[1,{"b":null}]},"img":"x"}"#,
        .uservoice: #"{"guid":7,"email":"a@b.c","expires":"2025-06-15T15:15:00.5+00:00","trusted":"true","#
            + #""admin":"deny","owner":"accept","allow_forums":[1,"2","\u0033\\\"]"],"deny_forums":[],"locale":"pt_BR","#
            + #""updates":false,"url":"https://a.b"}"#,
        .userorbit: #"{"email":"a@b.c","id":"u","avatarUrl":"x","company":"Acme","plan":"pro","role":"admin"}"#,
    ]

    @Test(arguments: Dialect.allCases)
    func `in every dialect a changed token is never accepted`(dialect: Dialect) throws {
        let payload = try #require(MutationTests.payloads[dialect])
        let original = Array(Sample.token(payload).utf8)
        let verifier = TokenVerifier()
        let keys = OrganizationKeys(api: Sample.api, userHash: [])
        let policy = Sample.policy(of: dialect)
        var generator = Generator(state: 4)
        #expect(outcome(payload: payload, policy: policy).profile != nil)
        for _ in 0..<4_000 {
            var token = original
            MutationTests.mutate(&token, &generator)
            guard token != original else { continue }
            token.withUnsafeBytes {
                if case .accept = verifier.verify($0, keys: keys, policy: policy, now: Sample.now) {
                    Issue.record("a changed token was accepted")
                }
            }
        }
    }

    @Test(arguments: Dialect.allCases)
    func `in every dialect a changed payload that is rightly signed never crashes`(dialect: Dialect) throws {
        let original = Array(try #require(MutationTests.payloads[dialect]).utf8)
        let verifier = TokenVerifier()
        let keys = OrganizationKeys(api: Sample.api, userHash: [])
        let policy = Sample.policy(of: dialect)
        var generator = Generator(state: 5)
        var accepted = 0
        for _ in 0..<6_000 {
            var payload = original
            MutationTests.mutate(&payload, &generator)
            Array(Sample.token(payload).utf8).withUnsafeBytes {
                guard case .accept(let token) = verifier.verify($0, keys: keys, policy: policy, now: Sample.now) else {
                    return
                }
                accepted += 1
                let profile = token.profile()
                #expect(profile.email?.contains("@") == true)
                for id in (profile.forums?.allow ?? []) + (profile.forums?.deny ?? []) { #expect(!id.isEmpty) }
                #expect(profile.weight.map { (1...10).contains($0) } != false)
                #expect((profile.segments ?? []).count <= 10)
            }
            _ = payload.withUnsafeBytes { verifier.verifyPlainIdentity($0, keys: keys, policy: policy) }
        }
        #expect(accepted > 0)
    }
}
