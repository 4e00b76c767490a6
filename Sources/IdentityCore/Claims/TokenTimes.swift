/// When a token is valid: `exp`, `nbf` and `iat` (RFC 7519 section 4.1), in seconds since 1970.
struct TokenTimes {
    /// Where a dialect has an expiry of its own beside `exp`, the earlier of the two.
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
        expiresAt = try TokenTimes.expiry(scratch, names: names, dialect: policy.dialect)
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

    /// Reads when a token of this dialect expires.
    static func expiry(_ scratch: JSONScratch, names: TimeNames, dialect: Dialect) throws(Rejection) -> Double? {
        let expiry = try read(names.expiry, scratch)
        guard dialect == .uservoice, let expires = try readText(names.expires, scratch) else { return expiry }
        return min(expiry ?? expires, expires)
    }

    /// A text, which may be absent as other claims of its dialect may.
    private static func readText(_ name: ClaimName, _ scratch: JSONScratch) throws(Rejection) -> Double? {
        guard let member = scratch.member(name) else { return nil }
        member.pointee.isKnown = true
        let isAbsent = member.pointee.kind == .string ? member.pointee.value.isEmpty : member.pointee.kind == .null
        if isAbsent { return nil }
        guard member.pointee.kind == .string, let time = ExpiryText.seconds(scratch[member.pointee.value]) else {
            throw Rejection(.tokenClaimInvalid, claim: name.name)
        }
        return time
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

/// The claims about time: the registered ones, and a dialect's own.
struct TimeNames {
    let expiry = ClaimName("exp")
    let notBefore = ClaimName("nbf")
    let issuedAt = ClaimName("iat")
    /// Of UserVoice, as text.
    let expires = ClaimName("expires")
}
