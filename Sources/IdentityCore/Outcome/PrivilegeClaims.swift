/// What a token says about its user's rights on the portal. Only UserVoice has such claims; in every other dialect all
/// of them are absent, whatever a token carries.
package struct PrivilegeClaims: Sendable, Equatable {
    package enum Claim: String, Sendable, CaseIterable {
        case absent
        case accept
        case deny
    }

    /// Whether the customer vouches for what the token says of admins.
    package var isTrusted = false
    package var admin = Claim.absent
    package var owner = Claim.absent

    package init() {}

    /// Whether a `deny` is ignored, because the customer doesn't vouch for it.
    package var ignoresDeny: Bool { !isTrusted && (admin == .deny || owner == .deny) }
}
