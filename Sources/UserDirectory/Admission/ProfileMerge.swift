package import IdentityCore

/// Lays what a customer says now over what the directory has: only what is said is overwritten.
///
/// Vouched-for data replaces anything. Data that nobody vouched for fills what is absent or was itself unverified, and
/// is named in `unverified` by the profile's own field names. Unverified data is never mixed into a verified field:
/// a verified company replaces an unverified one whole.
package struct ProfileMerge {
    package private(set) var profile: UserProfile
    package private(set) var unverified: [String]
    /// Whether anything differs from what the merge began with.
    package private(set) var changed = false

    private let vouched: Bool

    package init(onto profile: UserProfile, unverified: [String], vouched: Bool) {
        self.profile = profile
        self.unverified = unverified
        self.vouched = vouched
    }

    /// Takes all that `said` says. Preferences only hold from a user's creation, where `includingPreferences`.
    package mutating func take(_ said: UserProfile, includingPreferences: Bool) {
        // The id is what even a plain identity proves.
        if let id = said.externalID, !sameBytes(id, profile.externalID) {
            profile.externalID = id
            changed = true
        }
        take(said.email, \.email, "email", same: sameBytes)
        take(said.name, \.name, "name", same: sameBytes)
        take(said.username, \.username, "username", same: sameBytes)
        take(said.avatarURL, \.avatarURL, "avatar_url", same: sameBytes)
        take(said.locale, \.locale, "locale")
        take(said.company, \.company, "company", over: Self.merge)
        take(said.segments, \.segments, "segments")
        take(said.weight, \.weight, "weight")
        take(said.status, \.status, "status")
        take(said.renewal, \.renewal, "renewal", over: Self.merge)
        take(said.owner, \.owner, "owner", over: Self.merge)
        take(said.role, \.role, "role")
        take(said.forums, \.forums, "forums", over: Self.merge)
        if includingPreferences {
            take(said.preferences, \.preferences, "preferences", over: Self.merge)
        }
        take(said.meta, \.meta, "meta")
        take(said.extra, \.extra, "extra")
    }

    private mutating func take<Value: Equatable>(
        _ said: Value?, _ field: WritableKeyPath<UserProfile, Value?>, _ name: String,
        over merge: (Value, Value) -> Value = { _, said in said },
        same: (Value?, Value?) -> Bool = { $0 == $1 }
    ) {
        guard let said else { return }
        let present = profile[keyPath: field]
        let mark = unverified.firstIndex(of: name)
        if vouched {
            let value = mark == nil ? present.map { merge($0, said) } ?? said : said
            if let mark {
                unverified.remove(at: mark)
                changed = true
            }
            if !same(present, value) {
                profile[keyPath: field] = value
                changed = true
            }
        } else {
            guard present == nil || mark != nil else { return }
            if mark == nil {
                unverified.append(name)
                changed = true
            }
            let value = present.map { merge($0, said) } ?? said
            if !same(present, value) {
                profile[keyPath: field] = value
                changed = true
            }
        }
    }

    private static func merge(_ present: UserProfile.Company, _ said: UserProfile.Company) -> UserProfile.Company {
        var merged = present
        merged.id = said.id ?? present.id
        merged.name = said.name ?? present.name
        merged.plan = said.plan ?? present.plan
        merged.mrr = said.mrr ?? present.mrr
        merged.arr = said.arr ?? present.arr
        merged.ltv = said.ltv ?? present.ltv
        return merged
    }

    private static func merge(_ present: UserProfile.Renewal, _ said: UserProfile.Renewal) -> UserProfile.Renewal {
        var merged = present
        merged.date = said.date ?? present.date
        merged.risk = said.risk ?? present.risk
        return merged
    }

    private static func merge(_ present: UserProfile.Owner, _ said: UserProfile.Owner) -> UserProfile.Owner {
        var merged = present
        merged.id = said.id ?? present.id
        merged.email = said.email ?? present.email
        return merged
    }

    private static func merge(_ present: UserProfile.Forums, _ said: UserProfile.Forums) -> UserProfile.Forums {
        var merged = present
        merged.allow = said.allow ?? present.allow
        merged.deny = said.deny ?? present.deny
        return merged
    }

    private static func merge(
        _ present: UserProfile.Preferences, _ said: UserProfile.Preferences
    ) -> UserProfile.Preferences {
        var merged = present
        merged.updates = said.updates ?? present.updates
        merged.commentUpdates = said.commentUpdates ?? present.commentUpdates
        return merged
    }
}
