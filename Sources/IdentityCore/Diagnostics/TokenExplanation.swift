/// A verdict with its reasons, step by step and in words: what `token verify` shows.
///
/// It takes the same steps as `TokenVerifier.verify`, by the same code, but allocates freely and needs the secrets in
/// the clear, with which it recognises common mistakes. No word of it is a token or a secret; where it quotes what a
/// client wrote, that is bounded and safe to show.
package struct TokenExplanation: Sendable {
    /// All nine steps in order; those after a failed one are skipped.
    package private(set) var steps: [Step] = []
    /// Why the token is refused; nil where it is accepted.
    package private(set) var rejection: Rejection?
    /// What the rules in `report` would have refused.
    package private(set) var wouldReject: [Rejection] = []
    /// What the header says, where it can be read.
    package private(set) var header: Header?
    /// The key that the signature holds under.
    package private(set) var keyID: String?
    /// The claims that say times, where the signature holds.
    package private(set) var times: [TimeClaim] = []
    /// What the token says of its user, as the organization's dialect reads it: where the signature holds and the claims
    /// can be read, though the token be refused for something else.
    package private(set) var profile: UserProfile?
    /// What it says of its user's role, likewise.
    package private(set) var privileges = PrivilegeClaims()
    /// What an admin should know of its claims, likewise.
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

    /// Adds what only somebody with a wider view knows to how a step is mended.
    package mutating func suggest(_ remedy: String, for step: String) {
        guard let index = steps.firstIndex(where: { $0.name == step }) else { return }
        steps[index].remedy = remedy
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

        header = Header(of: token, in: scratch, names: names.header)
        let compact = try segments(token, scratch)
        let header = try step("It is signed with HS256.") { [self] rejection in
            ShapeWords.describeHeader(rejection, header: self.header)
        } check: { () throws(Rejection) in
            try JOSEHeader(compact, in: scratch, names: names.header)
        }
        let authenticated = try signature(compact, header, keys, mistakes, scratch)

        guard JSONScanner.scan(authenticated.payload, in: scratch) else {
            throw failed(
                Rejection(.tokenMalformed),
                Finding("The payload isn't one JSON object in UTF-8 with each name once and at most 16 levels."))
        }
        passed("The payload is a JSON object with \(scratch.memberCount) claims.")
        readFacts(names, policy.dialect, scratch)

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
        let claims = try step { [warnings] claims in
            "The claims are those of \(policy.dialect.rawValue)."
                + PrivilegeWords.describe(claims.privileges, warnings: warnings, dialect: policy.dialect)
        } failing: { rejection in
            ClaimWords(scratch: scratch, names: names, dialect: policy.dialect).describe(rejection)
        } check: { () throws(Rejection) in
            try names.claims(ClaimReader(scratch: scratch), dialect: policy.dialect)
        }
        try hash(claims, keys, mistakes, policy, scratch)
    }

    /// Reads times and profile of the payload at hand, before anything about them is refused.
    private mutating func readFacts(_ names: ClaimNames, _ dialect: Dialect, _ scratch: JSONScratch) {
        times = TimeClaim.all(in: scratch, names: names.times, dialect: dialect)
        let reader = ClaimReader(scratch: scratch)
        guard let claims = try? names.claims(reader, dialect: dialect) else { return }
        for name in [names.times.expiry, names.times.notBefore, names.times.issuedAt] { reader.ignore(name) }
        if dialect == .uservoice { reader.ignore(names.times.expires) }
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
            guard error.code != .tokenTooLarge else { throw failed(error, ShapeWords.tooLong(token.count)) }
            passed("It has \(token.count) bytes.")
            throw failed(error, ShapeWords.describe(token))
        }
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
        _ words: String, failing describe: (Rejection) -> Finding, check: () throws(Rejection) -> Value
    ) throws(Rejection) -> Value {
        try step({ _ in words }, failing: describe, check: check)
    }

    private mutating func step<Value>(
        _ words: (Value) -> String, failing describe: (Rejection) -> Finding, check: () throws(Rejection) -> Value
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

    private mutating func failed(_ rejection: Rejection, _ finding: Finding) -> Rejection {
        steps.append(
            Step(
                name: TokenExplanation.stepNames[steps.count], outcome: .failed, words: finding.words,
                remedy: finding.remedy))
        return rejection
    }
}
