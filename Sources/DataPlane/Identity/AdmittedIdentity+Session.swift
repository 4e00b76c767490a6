import IdentityCore
import UserDirectory

extension AdmittedIdentity {
    /// Writes down what requests need of a user whose session speaks for them.
    convenience init(settings: OrganizationSettings, user: DirectoryUser, session: PortalSession) {
        self.init(
            organizationID: settings.id, userID: user.id, profile: user.verifiedProfile, method: .session,
            expiresAt: session.expiresAt, rare: RareIdentityFacts(wouldReject: [], user: user))
    }

    /// What the user's customer says of forums.
    var forums: UserProfile.Forums? { rare?.forums }

    /// Whether the user administers the portal: an owner does.
    var isAdmin: Bool { rare?.isAdmin ?? false }
}
