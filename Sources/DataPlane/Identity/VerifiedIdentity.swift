import IdentityCore

/// What verification has found, copied out of the verifier's memory.
struct VerifiedIdentity: Sendable {
    let profile: UserProfile
    let privileges: PrivilegeClaims
    let keyID: String
    let method: VerificationMethod
    let onlyIDVerified: Bool
    let expiresAt: Double?
    let issuedAt: Double?
    let isDistinguishable: Bool
    let wouldReject: [RejectionCode]
    /// There was a user hash, and it held.
    let hasUserHash: Bool
    let warnings: TokenWarnings

    init(_ token: VerifiedToken) {
        profile = token.profile()
        privileges = token.privileges
        keyID = token.keyID
        method = token.onlyIDVerified ? .userHash : .token
        onlyIDVerified = token.onlyIDVerified
        expiresAt = token.expiresAt
        issuedAt = token.issuedAt
        isDistinguishable = token.isDistinguishable
        wouldReject = token.wouldReject.map(\.code)
        hasUserHash = token.userHashVerified
        warnings = token.warnings
    }
}
