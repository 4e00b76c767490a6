extension Dialect {
    /// What a user has from the beginning where their first token doesn't say otherwise. It is no claim: it never
    /// overwrites what is known of a user.
    package var newUser: UserProfile {
        var profile = UserProfile()
        switch self {
        case .uservoice:
            profile.name = "anonymous"
            var preferences = UserProfile.Preferences()
            preferences.updates = true
            preferences.commentUpdates = false
            profile.preferences = preferences
        case .productbridge, .productlift, .sleekplan, .userorbit: break
        }
        return profile
    }
}
