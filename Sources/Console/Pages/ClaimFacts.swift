import IdentityCore

/// What a token says of its user, term by term.
struct ClaimFacts: Sendable {
    let facts: [Fact]
    /// JSON objects, a member on each line.
    let objects: [Fact]

    init(_ profile: UserProfile) {
        let company = profile.company
        let forums = profile.forums
        let pairs: [(String, String?)] = [
            ("Id", profile.externalID), ("Email", profile.email), ("Name", profile.name),
            ("User name", profile.username), ("Avatar", profile.avatarURL), ("Locale", profile.locale),
            ("Company", company?.name), ("Company's id", company?.id), ("Plan", company?.plan),
            ("MRR", company?.mrr), ("ARR", company?.arr), ("LTV", company?.ltv),
            ("Segments", profile.segments.flatMap(Self.list)), ("Weight", profile.weight.map { String($0) }),
            ("Status", profile.status), ("Renewal", profile.renewal?.date), ("Renewal risk", profile.renewal?.risk),
            ("Owner's id", profile.owner?.id), ("Owner's email", profile.owner?.email), ("Role", profile.role),
            ("Forums allowed", forums?.allow.flatMap(Self.list)), ("Forums denied", forums?.deny.flatMap(Self.list)),
            ("Wants updates", profile.preferences?.updates.map(Self.word)),
            ("Wants comment updates", profile.preferences?.commentUpdates.map(Self.word)),
        ]
        facts = pairs.compactMap { term, value in value.map { Fact(label: term, text: $0) } }
        objects = [("Meta", profile.meta), ("Other claims", profile.extra)].compactMap { term, json in
            json.map { Fact(label: term, text: PrettyJSON.text($0.text)) }
        }
    }

    private static func list(_ texts: [String]) -> String? {
        texts.isEmpty ? nil : texts.joined(separator: ", ")
    }

    private static func word(_ isOn: Bool) -> String { isOn ? "yes" : "no" }
}
