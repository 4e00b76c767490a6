/// What a customer says of a user, in one shape for all dialects. Absent means: not said.
package struct UserProfile: Sendable, Equatable, Codable {
    /// The customer's own id of the user, as text.
    package var externalID: String?
    package var email: String?
    package var name: String?
    package var username: String?
    package var avatarURL: String?
    package var locale: String?
    package var company: Company?
    package var segments: [String]?
    package var weight: Int?
    package var status: String?
    package var renewal: Renewal?
    package var owner: Owner?
    package var role: String?
    package var forums: Forums?
    package var preferences: Preferences?
    /// A JSON object, as the customer wrote it.
    package var meta: RawJSON?
    /// Claims that the dialect doesn't know: a JSON object of at most 4 KiB.
    package var extra: RawJSON?

    package init() {}

    package struct Company: Sendable, Equatable, Codable {
        package var id: String?
        package var name: String?
        package var plan: String?
        /// Amounts are kept as the decimal text that the customer sent.
        package var mrr: String?
        package var arr: String?
        package var ltv: String?

        package init() {}
    }

    package struct Renewal: Sendable, Equatable, Codable {
        /// An ISO date, `YYYY-MM-DD`.
        package var date: String?
        /// `low`, `medium` or `high`.
        package var risk: String?

        package init() {}
    }

    package struct Owner: Sendable, Equatable, Codable {
        package var id: String?
        package var email: String?

        package init() {}
    }

    package struct Forums: Sendable, Equatable, Codable {
        package var allow: [String]?
        package var deny: [String]?

        package init() {}
    }

    package struct Preferences: Sendable, Equatable, Codable {
        package var updates: Bool?
        package var commentUpdates: Bool?

        package init() {}

        enum CodingKeys: String, CodingKey {
            case updates
            case commentUpdates = "comment_updates"
        }
    }

    enum CodingKeys: String, CodingKey {
        case externalID = "external_id"
        case email, name, username
        case avatarURL = "avatar_url"
        case locale, company, segments, weight, status, renewal, owner, role, forums, preferences, meta, extra
    }
}

/// JSON text that is passed on as it is; whoever makes one has checked that it is one whole JSON value.
package struct RawJSON: Sendable, Equatable, Codable {
    package let text: String

    package init(text: String) { self.text = text }
}
