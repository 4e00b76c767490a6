import IdentityCore

/// What filters ask of a profile, as `users.facts` holds it: texts by their names in filters, without those that jsonb
/// can't hold.
struct UserFacts: Encodable {
    private let texts: [String: String]
    private let segments: [String]

    init(_ profile: UserProfile) {
        let all: [String: String?] = [
            "status": profile.status, "plan": profile.company?.plan, "username": profile.username,
            "locale": profile.locale, "weight": profile.weight.map { "\($0)" }, "role": profile.role,
            "company.id": profile.company?.id, "company.name": profile.company?.name,
            "renewal.date": profile.renewal?.date, "renewal.risk": profile.renewal?.risk,
            "owner.id": profile.owner?.id, "owner.email": profile.owner?.email,
            "mrr": profile.company?.mrr.flatMap(Self.number),
        ]
        texts = all.compactMapValues { $0 }.filter { !$0.value.utf8.contains(0) }
        segments = (profile.segments ?? []).filter { !$0.utf8.contains(0) }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        for (name, text) in texts { try container.encode(text, forKey: Key(stringValue: name)) }
        if !segments.isEmpty { try container.encode(segments, forKey: Key(stringValue: "segments")) }
    }

    /// As PostgreSQL reads a number; nil for what is none.
    private static func number(_ text: String) -> String? {
        guard let value = Double(text), value.isFinite else { return nil }
        return String(value)
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}
