package import IdentityCore

/// What rows of the token log compete with for room: rows of other classes are safe from theirs.
package enum EntryClass: Int, Sendable, CaseIterable {
    case accepted
    /// No secret vouches for the token: anybody can present as many as they like.
    case unverified
    /// A secret vouches for it, or the directory was asked.
    case refused

    package init(_ code: RejectionCode) {
        switch code {
        case .tokenConflict, .requestMalformed, .identityMalformed, .tokenMalformed, .tokenAlgorithmNotAllowed,
            .tokenSignatureMismatch, .tokenTooLarge, .bodyTooLarge, .rateLimited, .ssoDisabled, .returnToNotAllowed:
            self = .unverified
        default: self = .refused
        }
    }

    package init(code: String) {
        if code == TokenLogEntry.accepted {
            self = .accepted
        } else {
            self = RejectionCode(rawValue: code).map { EntryClass($0) } ?? .refused
        }
    }
}
