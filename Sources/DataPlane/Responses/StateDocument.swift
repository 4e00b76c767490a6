import HTTPMessages
import IdentityCore

/// The JSON of `/_widget/state` and `/_widget/identify`.
enum StateDocument {
    static func withoutUser(state: String, organization: String) -> [UInt8] {
        var json = JSONText()
        json.object {
            $0.member("state", state)
            $0.member("organization", organization)
        }
        return json.bytes
    }

    static func identified(
        organization: String, userID: String, profile: UserProfile, method: VerificationMethod
    ) -> [UInt8] {
        var json = JSONText()
        json.object {
            $0.member("state", "identified")
            $0.member("organization", organization)
            $0.member(
                "user",
                object: {
                    $0.member("id", userID)
                    $0.member("external_id", profile.externalID)
                    $0.member("email", profile.email)
                    $0.member("name", profile.name)
                    $0.member("avatar_url", profile.avatarURL)
                })
            $0.member("verified_by", method.rawValue)
        }
        return json.bytes
    }

    /// The answer to an identify: the state, and whether this very request made the user.
    static func identified(_ state: Bytes, created: Bool) -> [UInt8] {
        Array(state.dropLast()) + Array((created ? ",\"created\":true}" : ",\"created\":false}").utf8)
    }
}

/// The JSON of a profile, in the one shape that upstreams read whatever the dialect.
enum ProfileDocument {
    static func json(_ profile: UserProfile) -> [UInt8] {
        var json = JSONText()
        json.object {
            $0.member("external_id", profile.externalID)
            $0.member("email", profile.email)
            $0.member("name", profile.name)
            $0.member("username", profile.username)
            $0.member("avatar_url", profile.avatarURL)
            $0.member("locale", profile.locale)
            if let company = profile.company {
                $0.member(
                    "company",
                    object: {
                        $0.member("id", company.id)
                        $0.member("name", company.name)
                        $0.member("plan", company.plan)
                        $0.member("mrr", company.mrr)
                        $0.member("arr", company.arr)
                        $0.member("ltv", company.ltv)
                    })
            }
            $0.member("segments", profile.segments)
            $0.member("weight", profile.weight)
            $0.member("status", profile.status)
            if let renewal = profile.renewal {
                $0.member(
                    "renewal",
                    object: {
                        $0.member("date", renewal.date)
                        $0.member("risk", renewal.risk)
                    })
            }
            if let owner = profile.owner {
                $0.member(
                    "owner",
                    object: {
                        $0.member("id", owner.id)
                        $0.member("email", owner.email)
                    })
            }
            $0.member("role", profile.role)
            if let forums = profile.forums {
                $0.member(
                    "forums",
                    object: {
                        $0.member("allow", forums.allow)
                        $0.member("deny", forums.deny)
                    })
            }
            if let preferences = profile.preferences {
                $0.member(
                    "preferences",
                    object: {
                        $0.member("updates", preferences.updates)
                        $0.member("comment_updates", preferences.commentUpdates)
                    })
            }
            $0.member("meta", raw: profile.meta.map { Array($0.text.utf8) })
            $0.member("extra", raw: profile.extra.map { Array($0.text.utf8) })
        }
        return json.bytes
    }
}
