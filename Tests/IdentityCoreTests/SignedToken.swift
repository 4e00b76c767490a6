import IdentityCore
import MessageAuthentication

/// Tokens of any shape with a right signature, and what a verifier says of them.
enum Sample {
    static let now = 1_750_000_000.0
    static let secret = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    static let second = "f0e1d2c3b4a5968778695a4b3c2d1e0ff0e1d2c3b4a5968778695a4b3c2d1e0f"
    static let hashSecret = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
    static let header = #"{"alg":"HS256","typ":"JWT"}"#
    /// The user hash of `123` under `secret`.
    static let hash = "1750de02089c6d42780711f8833278622f131dc6196617806ad6929196cd5759"

    static let api = [VerificationKeyText(id: "k1", text: secret), VerificationKeyText(id: "k2", text: second)]

    static func token(_ payload: String, header: String = header, secret: String = secret) -> String {
        token(Array(payload.utf8), header: header, secret: secret)
    }

    static func token(_ payload: [UInt8], header: String = header, secret: String = secret) -> String {
        signed(Base64URL.text(header.utf8) + "." + Base64URL.text(payload), secret: secret)
    }

    /// Signs any text as if it were a signing input.
    static func signed(_ input: String, secret: String = secret) -> String {
        input + "." + Base64URL.text(HMACSHA256(secretText: secret).code(of: Array(input.utf8)))
    }

    static func policy(_ change: (inout VerificationPolicy) -> Void = { _ in }) -> VerificationPolicy {
        var policy = VerificationPolicy()
        policy.maxTokenLifetimeSeconds = 3600
        change(&policy)
        return policy
    }
}

/// A verdict without the verifier's memory.
enum Outcome: Equatable {
    case accepted(UserProfile)
    case rejected(RejectionCode, claim: String?)

    var code: RejectionCode? {
        if case .rejected(let code, _) = self { code } else { nil }
    }

    var profile: UserProfile? {
        if case .accepted(let profile) = self { profile } else { nil }
    }

    init(_ verdict: Verdict) {
        switch verdict {
        case .accept(let token): self = .accepted(token.profile())
        case .reject(let rejection): self = .rejected(rejection.code, claim: rejection.claim?.description)
        }
    }
}

/// Verifies a token, and checks that the explanation comes to the same end.
func outcome(
    _ token: String, policy: VerificationPolicy = Sample.policy(), api: [VerificationKeyText] = Sample.api,
    userHash: [VerificationKeyText] = [], now: Double = Sample.now
) -> Outcome {
    let keys = OrganizationKeys(api: api, userHash: userHash)
    let verifier = TokenVerifier()
    let outcome = Array(token.utf8).withUnsafeBytes {
        Outcome(verifier.verify($0, keys: keys, policy: policy, now: now))
    }
    let explanation = TokenExplanation(token: token, api: api, userHash: userHash, policy: policy, now: now)
    precondition(explanation.rejection?.code == outcome.code)
    precondition(outcome.code != nil || explanation.profile == outcome.profile)
    return outcome
}

/// Verifies a rightly signed token with this payload.
func outcome(payload: String, policy: VerificationPolicy = Sample.policy()) -> Outcome {
    outcome(Sample.token(payload), policy: policy)
}
