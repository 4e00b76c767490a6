/// The outcome of verification.
package enum Verdict {
    case accept(VerifiedToken)
    case reject(Rejection)
}

/// A token, or a plain identity, that has passed verification. Only this module can make one.
///
/// It refers to the memory of its verifier and is good until that verifier's next verification: reading the profile
/// after that traps, rather than give another user's.
package struct VerifiedToken {
    /// When the token expires, in seconds since 1970, without the skew; nil where it doesn't.
    package let expiresAt: Double?
    /// When it was issued, in seconds since 1970; nil where it doesn't say.
    package let issuedAt: Double?
    /// The id of the key that vouches: the one that signed the token, or, of a plain identity, the user hash.
    package let keyID: String
    /// Whether there is a user hash, and it holds.
    package let userHashVerified: Bool
    /// Whether only `externalID` is verified: this was a plain identity.
    package let onlyIDVerified: Bool
    /// What the rules in `report` would have refused.
    package let wouldReject: [Rejection]
    /// What an admin should know about the token though it was accepted.
    package let warnings: TokenWarnings
    /// What the token says of its user's role; a plain identity says nothing, whatever it carries.
    package let privileges: PrivilegeClaims

    /// Whether something tells the token from its user's next one: `exp`, `iat`, `nbf` or `jti`. One without is made
    /// again, byte for byte, at each sign-in, as some products' samples do.
    package let isDistinguishable: Bool

    private let claims: UserClaims
    private let verifier: TokenVerifier
    private let scan: UInt32

    init(
        claims: UserClaims, times: TokenTimes, key: VerificationKey, userHash: UserHashRule.Outcome,
        onlyIDVerified: Bool, verifier: TokenVerifier
    ) {
        expiresAt = times.expiresAt
        issuedAt = times.issuedAt
        keyID = key.id
        userHashVerified = userHash.isVerified
        self.onlyIDVerified = onlyIDVerified
        wouldReject = userHash.wouldReject
        privileges = onlyIDVerified ? PrivilegeClaims() : claims.privileges
        warnings = TokenWarnings(claims, privileges, in: verifier.scratch)
        isDistinguishable =
            times.expiresAt != nil || times.issuedAt != nil || times.notBefore != nil
            || verifier.scratch.member(verifier.names.tokenID) != nil
        self.claims = claims
        self.verifier = verifier
        scan = verifier.scratch.scan
    }

    /// What the token says of its user, copied.
    package func profile() -> UserProfile {
        precondition(scan == verifier.scratch.scan, "A verified token was read after its verifier's next verification")
        return claims.profile(in: verifier.scratch, names: verifier.names)
    }
}
