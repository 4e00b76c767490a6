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
    package var privileges: PrivilegeRule
    /// What a new user has of which their first token says nothing.
    package var newUser: UserProfile

    package init(
        mode: IdentifyMode, matchBy: MatchRule, emailMatching: EmailMatching, privileges: PrivilegeRule = .untouched,
        newUser: UserProfile = UserProfile()
    ) {
        self.mode = mode
        self.matchBy = matchBy
        self.emailMatching = emailMatching
        self.privileges = privileges
        self.newUser = newUser
    }
}

/// What a token may do with the role of its user (section 5 of the specification, privilege rules).
package enum PrivilegeRule: Sendable, Equatable {
    /// Nothing.
    case untouched
    /// Nothing, and admins and owners aren't let in (`admin_sso_forbidden`): productlift.
    case refusesAdmins
    /// What its claims say, where they may (`admin_identity_untrusted`): uservoice.
    case byClaims
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

    /// What the token says of its user's role; counts only where `rule.privileges` is `byClaims`.
    package let privileges: PrivilegeClaims

    package init(
        organization: String, rule: AdmissionRule, profile: UserProfile, issuedAt: Double?, onlyIDVerified: Bool,
        privileges: PrivilegeClaims = PrivilegeClaims()
    ) {
        self.organization = organization
        self.rule = rule
        self.profile = profile
        self.issuedAt = issuedAt
        self.onlyIDVerified = onlyIDVerified
        self.privileges = privileges
    }
}

package enum AdmissionOutcome: Sendable, Equatable {
    case admitted(DirectoryUser, created: Bool)
    /// `user_unknown`, `user_blocked`, `identity_conflict`, `token_revoked`, `admin_sso_forbidden` or
    /// `admin_identity_untrusted`, say: nothing was written. `user` is the directory's id of whom the token leads to,
    /// where that is one user.
    case refused(RejectionCode, user: String? = nil)
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
