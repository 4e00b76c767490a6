import Benchmark
import Foundation
import HTTPMessages
import IdentityCore
import JWTKit

/// What jwt-kit decodes a token's payload into: the same claims that ours takes out of it.
private struct KitClaims: JWTPayload {
    var id: String
    var email: String
    var name: String
    var avatarURL: String
    var company_name: String
    var company_id: String
    var exp: ExpirationClaim
    var iat: IssuedAtClaim

    func verify(using algorithm: some JWTAlgorithm) throws {
        try exp.verifyNotExpired(currentDate: .init(timeIntervalSince1970: Double(Fixtures.now)))
    }
}

func verificationBenchmarks() {
    var hashing = VerificationPolicy()
    hashing.userHash = .enforce
    let token = Fixtures.token()

    measure("verify, accept", token)
    measure("verify, accept, and copy the profile", token, copiesProfile: true)
    measure("verify, accept with user hash", Fixtures.token(withUserHash: true), policy: hashing)
    let nearlyRight = Fixtures.claims + #","user_hash":""# + String(repeating: "0", count: 64) + #""}"#
    for (code, token, policy) in [
        ("token_too_large", String(repeating: "a", count: 9000), Fixtures.policy),
        ("token_malformed", String(token.dropLast()) + "=", Fixtures.policy),
        ("token_algorithm_not_allowed", "eyJhbGciOiJub25lIn0" + token.drop { $0 != "." }, Fixtures.policy),
        ("token_signature_mismatch", Fixtures.token(secret: "another"), Fixtures.policy),
        ("token_expired", Fixtures.token(expiresIn: -100), Fixtures.policy),
        ("token_claim_missing", Fixtures.token(#"{"id":"1","name":"Nobody"}"#), Fixtures.policy),
        ("user_hash_missing", token, hashing),
        ("user_hash_mismatch", Fixtures.token(nearlyRight), hashing),
    ] {
        measure("verify, reject as \(code)", token, policy: policy, expected: code)
    }

    kitBenchmark("verify, accept", token)
    kitBenchmark("verify, reject as token_signature_mismatch", Fixtures.token(secret: "another"))
}

private func measure(
    _ name: String, _ token: String, policy: VerificationPolicy = Fixtures.policy, copiesProfile: Bool = false,
    expected: String = "accept"
) {
    Benchmark("\(name), ours") { benchmark in
        let verifier = TokenVerifier()
        let keys = Fixtures.keys()
        let token = FixedBytes(token).bytes
        let now = Double(Fixtures.now)
        var verdict = "accept"
        if case .reject(let rejection) = verifier.verify(token, keys: keys, policy: policy, now: now) {
            verdict = rejection.code.rawValue
        }
        precondition(verdict == expected, "\(name) is \(verdict)")

        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations {
            let verdict = verifier.verify(token, keys: keys, policy: policy, now: now)
            if copiesProfile, case .accept(let accepted) = verdict { blackHole(accepted.profile()) }
            blackHole(verdict)
        }
        benchmark.stopMeasurement()
    }
}

private func kitBenchmark(_ name: String, _ token: String) {
    Benchmark("\(name), jwt-kit") { benchmark in
        let keys = JWTKeyCollection()
        await keys.add(hmac: HMACKey(stringLiteral: Fixtures.secret), digestAlgorithm: .sha256)
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations { blackHole(try? await keys.verify(token, as: KitClaims.self)) }
        benchmark.stopMeasurement()
    }
}
