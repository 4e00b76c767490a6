/// One token (or plain identity) that was presented, or several alike where they came too fast to be told apart.
///
/// Holds nothing that an unverified token says of itself, and nothing that it could be found or replayed by.
package struct TokenLogEntry: Sendable, Equatable, Codable {
    /// What `code` says of a token that was accepted.
    package static let accepted = "accepted"

    /// Later rows have greater ids; 0 until stored.
    package var id: Int64
    /// Seconds since 1970.
    package var time: Double
    package var organization: String
    /// `accepted`, or why not: a code of section 8 of the specification.
    package var code: String
    /// What an admin should know of an accepted token, by `TokenWarnings.names`.
    package var warnings: [String]
    /// The directory's id of the user; nil where the token spoke for nobody, or nobody asked the directory.
    package var user: String?
    /// The secret that vouches; nil where none does.
    package var keyID: String?
    /// The client's address as text.
    package var address: String
    /// Of the page that asked, as the browser said; nil where it didn't.
    package var origin: String?
    package var source: TokenSource
    /// How many presentations with this organization and code this row stands for: 1 unless rows were sampled. Of the
    /// others nothing else is known.
    package var standsFor: Int

    package init(
        id: Int64 = 0, time: Double, organization: String, code: String, warnings: [String] = [], user: String? = nil,
        keyID: String? = nil, address: String, origin: String? = nil, source: TokenSource, standsFor: Int = 1
    ) {
        self.id = id
        self.time = time
        self.organization = organization
        self.code = code
        self.warnings = warnings
        self.user = user
        self.keyID = keyID
        self.address = address
        self.origin = origin
        self.source = source
        self.standsFor = standsFor
    }

    package var isAccepted: Bool { code == Self.accepted }
}

/// How a token came.
package enum TokenSource: String, Sendable, CaseIterable, Codable {
    /// `Authorization: Bearer`.
    case header
    /// `?sso=` of a page.
    case ssoParameter = "sso_parameter"
    /// A login page's form.
    case form
    /// The body of `/_widget/identify`; plain identities too.
    case body
    /// A dialect's callback.
    case callback
}

/// About how often a user's remembered tokens were accepted again in one hour: acceptances that have no row of their own.
///
/// Taken from a sample, so that a hit costs next to nothing: right for who comes often, coarse for who comes seldom.
package struct TokenRepeats: Sendable, Equatable, Codable {
    package var organization: String
    /// The directory's id.
    package var user: String
    /// When the hour began, in seconds since 1970.
    package var hour: Double
    package var count: Int

    package init(organization: String, user: String, hour: Double, count: Int) {
        self.organization = organization
        self.user = user
        self.hour = hour
        self.count = count
    }
}
