import Foundation
import IdentityCore
import MessageAuthentication

/// Verification, from bytes that nobody vouches for to claims that a secret vouches for.
enum TokenTargets {
    private static let secret = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    nonisolated(unsafe) private static let keys = OrganizationKeys(
        api: [VerificationKeyText(id: "key", text: secret)], userHash: [])
    nonisolated(unsafe) private static let verifier = TokenVerifier()
    private static let now = 1_700_000_000.0

    /// The first byte chooses the policy.
    private static func policy(_ byte: UInt8) -> VerificationPolicy {
        var policy = VerificationPolicy()
        policy.dialect = Dialect.allCases[Int(byte) % Dialect.allCases.count]
        policy.requireExpiry = byte & 0x80 != 0
        policy.userHash = [.off, .report, .enforce][Int(byte >> 4) % 3]
        return policy
    }

    /// No input may be accepted: none is signed.
    static func token(_ input: UnsafeRawBufferPointer) {
        guard let first = input.first else { return }
        let token = UnsafeRawBufferPointer(rebasing: input.dropFirst())
        if case .accept = verifier.verify(token, keys: keys, policy: policy(first), now: now) {
            preconditionFailure("a token was accepted that nobody signed")
        }
    }

    /// The input is signed as a payload. What is accepted is a JSON object to another parser too, and has the email
    /// that its dialect asks for.
    static func claims(_ input: UnsafeRawBufferPointer) {
        guard let first = input.first, input.count <= 4096 else { return }
        let payload = Array(input.dropFirst())
        let signed = Base64URL.text(Array(#"{"alg":"HS256"}"#.utf8)) + "." + Base64URL.text(payload)
        let token = signed + "." + Base64URL.text(HMACSHA256(secretText: secret).code(of: Array(signed.utf8)))
        let isAccepted = Array(token.utf8).withUnsafeBytes { bytes in
            guard case .accept(let verified) = verifier.verify(bytes, keys: keys, policy: policy(first), now: now)
            else { return false }
            let profile = verified.profile()
            precondition(profile.email?.isEmpty == false, "accepted without an email")
            return true
        }
        guard isAccepted else { return }
        precondition(String(validating: payload, as: UTF8.self) != nil, "accepted though it isn't UTF-8")
        let parsed = try? JSONSerialization.jsonObject(with: Data(withoutEndlessNumbers(payload)))
        precondition(parsed is [String: Any], "accepted though it is no JSON object")
    }

    /// Foundation takes no number that is beyond a `Double`, as an id of 330 digits is: runs of more than 300 digits become
    /// their first three hundred.
    private static func withoutEndlessNumbers(_ payload: [UInt8]) -> [UInt8] {
        var run = 0
        return payload.filter { byte in
            run = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? run + 1 : 0
            return run <= 300
        }
    }

    /// No input may be accepted: none carries a hash that holds.
    static func plainIdentity(_ input: UnsafeRawBufferPointer) {
        guard let first = input.first else { return }
        let identity = UnsafeRawBufferPointer(rebasing: input.dropFirst())
        if case .accept = verifier.verifyPlainIdentity(identity, keys: keys, policy: policy(first)) {
            preconditionFailure("an identity was accepted that nobody vouches for")
        }
    }

    /// What decodes is written back as it was: there is one spelling of everything.
    static func base64url(_ input: UnsafeRawBufferPointer) {
        guard let decoded = Base64URL.decode(input) else { return }
        precondition(Base64URL.encode(decoded) == Array(input), "a second spelling was decoded")
    }
}
