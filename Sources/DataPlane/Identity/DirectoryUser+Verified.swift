import IdentityCore
import UserDirectory

extension DirectoryUser {
    /// The profile without what nobody vouched for.
    var verifiedProfile: UserProfile {
        var verified = profile
        for field in unverified {
            switch field {
            case "email": verified.email = nil
            case "name": verified.name = nil
            case "username": verified.username = nil
            case "avatar_url": verified.avatarURL = nil
            case "locale": verified.locale = nil
            case "company": verified.company = nil
            case "segments": verified.segments = nil
            case "weight": verified.weight = nil
            case "status": verified.status = nil
            case "renewal": verified.renewal = nil
            case "owner": verified.owner = nil
            case "role": verified.role = nil
            case "forums": verified.forums = nil
            case "preferences": verified.preferences = nil
            case "meta": verified.meta = nil
            case "extra": verified.extra = nil
            default: return onlyID
            }
        }
        return verified
    }

    /// How a person recognises themselves.
    var displayName: String {
        guard let name = profile.name else { return profile.email ?? profile.externalID ?? id }
        return profile.email.map { "\(name) (\($0))" } ?? name
    }

    /// All that is certain where a field is unverified that this release doesn't know.
    private var onlyID: UserProfile {
        var verified = UserProfile()
        verified.externalID = profile.externalID
        return verified
    }
}
