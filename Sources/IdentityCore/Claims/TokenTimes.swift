/// When a token is valid: `exp`, `nbf` and `iat` (RFC 7519 section 4.1), in seconds since 1970.
struct TokenTimes {
    var expiresAt: Double?
    var notBefore: Double?
    var issuedAt: Double?

    /// A token without times.
    init() {}

    /// Reads the times and checks each against `now`, in the order of the specification.
    ///
    /// Each must be a JSON number that a double can hold; fractions are allowed, `null` and strings are not: a time
    /// that can't be read is never 'no time'. At the boundary, RFC 7519: a token is expired *on* its `exp` and valid
    /// on its `nbf`, each moved by the skew.
    init(_ scratch: JSONScratch, names: TimeNames, policy: VerificationPolicy, now: Double) throws(Rejection) {
        let skew = Double(policy.clockSkewSeconds)
        expiresAt = try TokenTimes.read(names.expiry, scratch)
        if let expiresAt, expiresAt + skew <= now { throw Rejection(.tokenExpired) }
        notBefore = try TokenTimes.read(names.notBefore, scratch)
        if let notBefore, notBefore > now + skew { throw Rejection(.tokenNotYetValid) }
        issuedAt = try TokenTimes.read(names.issuedAt, scratch)
        if let issuedAt, issuedAt > now + skew { throw Rejection(.tokenIssuedInFuture) }
    }

    /// Checks how long the token lives: from its issue, or from `now` where it doesn't say, to its expiry.
    func checkLifetime(_ policy: VerificationPolicy, now: Double) throws(Rejection) {
        guard let expiresAt else {
            if policy.requireExpiry { throw Rejection(.tokenClaimMissing, claim: "exp") }
            return
        }
        guard let longest = policy.maxTokenLifetimeSeconds else { return }
        let lifetime = expiresAt - (issuedAt ?? now)
        if lifetime > Double(longest) + Double(policy.clockSkewSeconds) { throw Rejection(.tokenLifetimeExceeded) }
    }

    private static func read(_ name: ClaimName, _ scratch: JSONScratch) throws(Rejection) -> Double? {
        guard let member = scratch.member(name) else { return nil }
        member.pointee.isKnown = true
        guard member.pointee.kind == .number, let time = JSONNumber.double(scratch[member.pointee.value]) else {
            throw Rejection(.tokenClaimInvalid, claim: name.name)
        }
        return time
    }
}

/// The registered claims about time.
struct TimeNames {
    let expiry = ClaimName("exp")
    let notBefore = ClaimName("nbf")
    let issuedAt = ClaimName("iat")
}
