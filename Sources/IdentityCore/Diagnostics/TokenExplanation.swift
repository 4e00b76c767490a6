/// A verdict with its reasons, step by step and in words: what `token verify` shows.
///
/// It takes the same steps as `TokenVerifier.verify`, by the same code, but allocates freely and needs the secrets in
/// the clear, with which it recognises common mistakes. No word of it is a token, a secret, or a client's text.
package struct TokenExplanation: Sendable {
    /// One step of verification.
    package struct Step: Sendable, Equatable {
        package enum Outcome: String, Sendable {
            case ok, failed, skipped
        }

        /// `size`, `segments`, `header`, `signature`, `payload`, `time`, `lifetime`, `claims` or `user_hash`.
        package let name: String
        package let outcome: Outcome
        /// One or more sentences.
        package let words: String
    }

    /// All nine steps in order; those after a failed one are skipped.
    package private(set) var steps: [Step] = []
    /// Why the token is refused; nil where it is accepted.
    package private(set) var rejection: Rejection?
    /// What the rules in `report` would have refused.
    package private(set) var wouldReject: [Rejection] = []
    /// The key that the signature holds under.
    package private(set) var keyID: String?
    /// What the token says of its user, where it is accepted.
    package private(set) var profile: UserProfile?
    /// What it says of its user's role, where it is accepted.
    package private(set) var privileges = PrivilegeClaims()
    /// What an admin should know though it is accepted.
    package private(set) var warnings: TokenWarnings = []

    /// Explains `token`, at `now` in seconds since 1970, for an organization with these active secrets.
    package init(
        token: String, api: [VerificationKeyText], userHash: [VerificationKeyText], policy: VerificationPolicy,
        now: Double
    ) {
        let verifier = TokenVerifier()
        defer { withExtendedLifetime(verifier) {} }
        let mistakes = KeyMistakes(api: api, userHash: userHash.isEmpty ? api : userHash)
        let bytes = Array(token.utf8)
        bytes.withUnsafeBytes { bytes in
            do throws(Rejection) {
                try explain(
                    bytes, verifier: verifier, keys: OrganizationKeys(api: api, userHash: userHash),
                    mistakes: mistakes, policy: policy, now: now)
            } catch {
                rejection = error
            }
        }
        for name in TokenExplanation.stepNames.dropFirst(steps.count) {
            steps.append(Step(name: name, outcome: .skipped, words: "Not looked at after the refusal."))
        }
    }

    private static let stepNames = [
        "size", "segments", "header", "signature", "payload", "time", "lifetime", "claims", "user_hash",
    ]

    // MARK: The steps

    private mutating func explain(
        _ token: UnsafeRawBufferPointer, verifier: TokenVerifier, keys: OrganizationKeys, mistakes: KeyMistakes,
        policy: VerificationPolicy, now: Double
    ) throws(Rejection) {
        let scratch = verifier.scratch
        let names = verifier.names

        let compact = try segments(token, scratch)
        let header = try self.header(compact, scratch, names)
        let authenticated = try signature(compact, header, keys, mistakes, scratch)

        guard JSONScanner.scan(authenticated.payload, in: scratch) else {
            throw failed(
                Rejection(.tokenMalformed),
                "The payload isn't one JSON object in UTF-8 with each name once and at most 16 levels.")
        }
        passed("The payload is a JSON object with \(scratch.memberCount) claims.")

        let times = try step("Its times hold.") { rejection in
            TimeWords.describe(rejection, scratch: scratch, names: names.times, dialect: policy.dialect, now: now)
        } check: { () throws(Rejection) in
            try TokenTimes(scratch, names: names.times, policy: policy, now: now)
        }
        try step(TimeWords.lifetime(times, now: now)) { rejection in
            TimeWords.describeLifetime(rejection, times: times, policy: policy, now: now)
        } check: { () throws(Rejection) in
            try times.checkLifetime(policy, now: now)
        }
        let claims = try step { claims in
            let warnings = TokenWarnings(claims, claims.privileges, in: scratch)
            return "The claims are those of \(policy.dialect.rawValue)."
                + PrivilegeWords.describe(claims.privileges, warnings: warnings, dialect: policy.dialect)
        } failing: { rejection in
            let claim = rejection.claim.map { "'\($0)'" } ?? "A claim"
            return rejection.code == .tokenClaimMissing
                ? "\(claim) is required and missing." : "\(claim) has a value that it can't have."
        } check: { () throws(Rejection) in
            try names.claims(ClaimReader(scratch: scratch), dialect: policy.dialect)
        }
        try hash(claims, keys, mistakes, policy, scratch)
        profile = claims.profile(in: scratch, names: names)
        privileges = claims.privileges
        warnings = TokenWarnings(claims, privileges, in: scratch)
    }

    private mutating func segments(
        _ token: UnsafeRawBufferPointer, _ scratch: JSONScratch
    ) throws(Rejection) -> CompactToken {
        do throws(Rejection) {
            let compact = try CompactToken(token, in: scratch)
            passed("It has \(token.count) bytes.")
            passed("It has three segments of base64url.")
            return compact
        } catch {
            guard error.code != .tokenTooLarge else {
                throw failed(error, "It has \(token.count) bytes; at most \(CompactToken.maximumLength) are read.")
            }
            passed("It has \(token.count) bytes.")
            let dots = token.count { $0 == UInt8(ascii: ".") }
            throw failed(
                error,
                dots == 2
                    ? "A segment isn't strict base64url without padding. Was the token cut or changed on its way?"
                    : "A token has two dots; this has \(dots).")
        }
    }

    private mutating func header(
        _ compact: CompactToken, _ scratch: JSONScratch, _ names: ClaimNames
    ) throws(Rejection) -> JOSEHeader {
        let header = try step("It is signed with HS256.") { rejection in
            rejection.code == .tokenAlgorithmNotAllowed
                ? "Its algorithm isn't HS256, and no other is allowed."
                : "The header isn't a JSON object with each name once, has a 'crit', or a 'kid' that is no string."
        } check: { () throws(Rejection) in
            try JOSEHeader(compact, in: scratch, names: names.header)
        }
        return header
    }

    private mutating func signature(
        _ compact: CompactToken, _ header: JOSEHeader, _ keys: OrganizationKeys, _ mistakes: KeyMistakes,
        _ scratch: JSONScratch
    ) throws(Rejection) -> AuthenticatedToken {
        let authenticated = try step("It holds.") { _ in
            mistakes.describeSignature(compact, header: header, keys: keys, scratch: scratch)
        } check: { () throws(Rejection) in
            try AuthenticatedToken(compact, header: header, keys: keys, in: scratch)
        }
        keyID = authenticated.key.id
        return authenticated
    }

    private mutating func hash(
        _ claims: UserClaims, _ keys: OrganizationKeys, _ mistakes: KeyMistakes, _ policy: VerificationPolicy,
        _ scratch: JSONScratch
    ) throws(Rejection) {
        do throws(Rejection) {
            let outcome = try UserHashRule(keys: keys, scratch: scratch)
                .check(hash: claims.userHash, subject: claims.externalID, enforcement: policy.userHash)
            wouldReject = outcome.wouldReject
            if outcome.isVerified {
                passed("The user hash holds.")
            } else if policy.userHash == .report {
                passed("There is no user hash; it would be refused if the rule were enforced.")
            } else {
                passed("There is no user hash, and none is required.")
            }
        } catch {
            throw failed(error, mistakes.describeHash(error, claims: claims, scratch: scratch))
        }
    }

    // MARK: Recording

    private mutating func step<Value>(
        _ words: String, failing describe: (Rejection) -> String, check: () throws(Rejection) -> Value
    ) throws(Rejection) -> Value {
        try step({ _ in words }, failing: describe, check: check)
    }

    private mutating func step<Value>(
        _ words: (Value) -> String, failing describe: (Rejection) -> String, check: () throws(Rejection) -> Value
    ) throws(Rejection) -> Value {
        do throws(Rejection) {
            let value = try check()
            passed(words(value))
            return value
        } catch {
            throw failed(error, describe(error))
        }
    }

    private mutating func passed(_ words: String) {
        steps.append(Step(name: TokenExplanation.stepNames[steps.count], outcome: .ok, words: words))
    }

    private mutating func failed(_ rejection: Rejection, _ words: String) -> Rejection {
        steps.append(Step(name: TokenExplanation.stepNames[steps.count], outcome: .failed, words: words))
        return rejection
    }
}
