package import IdentityCore

/// The durable record of users. Every implementation passes one conformance suite.
package protocol UserDirectory: Sendable {
    /// Finds, creates or refuses each user of a batch, in order, and returns the outcomes in the same order.
    ///
    /// When this returns, everything that was admitted is durable. All of a batch shares one commit. A later
    /// request of a batch sees what an earlier one wrote.
    func admit(_ batch: [AdmissionRequest]) async -> [AdmissionOutcome]
}

/// How users of one organization are matched and whether new ones are made.
package struct AdmissionRule: Sendable, Equatable {
    package var mode: IdentifyMode
    package var matchBy: MatchRule
    package var emailMatching: EmailMatching

    package init(mode: IdentifyMode, matchBy: MatchRule, emailMatching: EmailMatching) {
        self.mode = mode
        self.matchBy = matchBy
        self.emailMatching = emailMatching
    }
}

/// One verified user who asks to be let in.
package struct AdmissionRequest: Sendable {
    package let organization: String
    package let rule: AdmissionRule
    package let profile: UserProfile

    /// When the token was issued, in seconds since 1970; nil where it doesn't say.
    package let issuedAt: Double?

    /// Only `profile.externalID` is verified (a plain identity): the rest never overwrites verified data.
    package let onlyIDVerified: Bool

    package init(
        organization: String, rule: AdmissionRule, profile: UserProfile, issuedAt: Double?, onlyIDVerified: Bool
    ) {
        self.organization = organization
        self.rule = rule
        self.profile = profile
        self.issuedAt = issuedAt
        self.onlyIDVerified = onlyIDVerified
    }
}

package enum AdmissionOutcome: Sendable, Equatable {
    case admitted(DirectoryUser, created: Bool)
    /// `user_unknown`, `user_blocked`, `identity_conflict` or `token_revoked`: nothing was written.
    case refused(RejectionCode)
    /// The directory can't be reached or written: nothing of this request was written.
    case unavailable
}

/// A user as the directory knows them.
package struct DirectoryUser: Sendable, Equatable, Codable {
    /// The directory's own id: `usr_` and 26 characters of Crockford base32 (130 random bits).
    package var id: String
    package var profile: UserProfile
    /// Names of profile fields that nobody vouched for: they came with a plain identity.
    package var unverified: [String]
    package var role: UserRole
    /// Seconds since 1970.
    package var createdAt: Double
    package var updatedAt: Double
    package var blockedAt: Double?
    /// Tokens issued before this moment are refused ('sign out everywhere').
    package var tokensValidAfter: Double?

    package init(id: String, profile: UserProfile, createdAt: Double) {
        self.id = id
        self.profile = profile
        unverified = []
        role = .user
        self.createdAt = createdAt
        updatedAt = createdAt
    }
}

/// What a user may do on the portal; never granted by a claim except where the dialect says so.
package enum UserRole: String, Sendable, CaseIterable, Codable {
    case user, admin, owner
}
