import IdentityCore
import UserDirectory

/// What is known of a user, in groups, as the user's page shows it.
struct FactGroup: Sendable {
    let title: String
    let facts: [Fact]
    /// Nobody vouched for the whole group.
    let isUnverified: Bool

    static func all(of user: DirectoryUser, now: Double) -> [FactGroup] {
        let profile = user.profile
        let unverified = Set(user.unverified)
        func fact(_ label: String, _ text: String?, _ field: String? = nil, copyAs id: String? = nil) -> Fact? {
            text.map { Fact(label: label, text: $0, id: id, isUnverified: field.map(unverified.contains) ?? false) }
        }
        func group(_ title: String, _ field: String? = nil, _ facts: [Fact?]) -> FactGroup? {
            let facts = facts.compactMap(\.self)
            guard !facts.isEmpty else { return nil }
            return FactGroup(
                title: title, facts: facts, isUnverified: field.map(unverified.contains) ?? false)
        }
        func moment(_ label: String, _ moment: Double?) -> Fact? {
            MomentText(moment, now: now).map { Fact(label: label, moment: $0) }
        }
        func list(_ texts: [String]?) -> String? { texts.map { $0.isEmpty ? "none" : $0.joined(separator: ", ") } }
        func answer(_ value: Bool?) -> String? { value.map { $0 ? "yes" : "no" } }
        return [
            group(
                "Who they are", nil,
                [
                    fact("Directory id", user.id, copyAs: "directory-id"),
                    fact("Own id", profile.externalID, "external_id", copyAs: "own-id"),
                    fact("Email", profile.email, "email", copyAs: "email"), fact("Name", profile.name, "name"),
                    fact("User name", profile.username, "username"), fact("Locale", profile.locale, "locale"),
                    fact("Avatar's address", profile.avatarURL, "avatar_url"),
                    fact("Role at the customer", profile.role, "role"), fact("Status", profile.status, "status"),
                    fact("Weight", profile.weight.map(String.init), "weight"),
                ]),
            group(
                "In the directory", nil,
                [
                    fact("Role", user.role.rawValue), moment("Since", user.createdAt),
                    moment("Last changed", user.updatedAt), moment("Blocked", user.blockedAt),
                    moment("Tokens are refused that were issued before", user.tokensValidAfter),
                ]),
            group(
                "Company", "company",
                [
                    fact("Name", profile.company?.name), fact("Id", profile.company?.id),
                    fact("Plan", profile.company?.plan), fact("MRR, a month", profile.company?.mrr),
                    fact("ARR, a year", profile.company?.arr), fact("LTV, in all", profile.company?.ltv),
                ]),
            group(
                "Renewal", "renewal",
                [fact("Date", profile.renewal?.date), fact("Risk", profile.renewal?.risk)]),
            group(
                "Account owner", "owner", [fact("Id", profile.owner?.id), fact("Email", profile.owner?.email)]),
            group("Segments", "segments", [fact("Member of", list(profile.segments))]),
            group(
                "Forums", "forums",
                [fact("Allowed", list(profile.forums?.allow)), fact("Denied", list(profile.forums?.deny))]),
            group(
                "Preferences", "preferences",
                [
                    fact("Updates", answer(profile.preferences?.updates)),
                    fact("Comments' updates", answer(profile.preferences?.commentUpdates)),
                ]),
        ].compactMap(\.self)
    }
}

/// A term and what it is: a text or a moment.
struct Fact: Sendable {
    let label: String
    let text: String?
    let moment: MomentText?
    /// Of the element that a button copies; nil: there is no button.
    let id: String?
    let isUnverified: Bool

    init(label: String, text: String, id: String? = nil, isUnverified: Bool = false) {
        self.label = label
        self.text = text
        moment = nil
        self.id = id
        self.isUnverified = isUnverified
    }

    init(label: String, moment: MomentText) {
        self.label = label
        text = nil
        self.moment = moment
        id = nil
        isUnverified = false
    }
}
