import IdentityCore

/// What looked like somebody passing for somebody else.
package protocol AlertStore: Sendable {
    /// Takes in what was seen. What goes on (the same kind, organization and subject, last seen less than
    /// `Alert.quietSeconds` ago) adds to the alert that there is; anything else becomes a new one. Returns the new ones.
    @discardableResult
    func raise(_ sightings: [AlertSighting]) async throws -> [Alert]

    /// The alerts of one organization or of all, the latest seen first, at most `limit`: those last seen at `since`
    /// (seconds since 1970) or later.
    func alerts(of organization: String?, since: Double?, limit: Int) async throws -> [Alert]

    /// Forgets alerts that were last seen before `moment`. Returns how many.
    @discardableResult
    func trimAlerts(before moment: Double) async throws -> Int
}

/// A token log that several gateways write together.
package protocol SharedTokenLog: Sendable {
    /// How often each of these was seen by all gateways: of `manyUsers`, distinct users; else tokens. In the same order.
    /// At least so many: of each address the latest rows are looked at, `SightingQuestion.rows` at most.
    func counts(of questions: [SightingQuestion]) async throws -> [Int]
}

/// What one gateway asks about what others have seen too.
package struct SightingQuestion: Sendable, Equatable {
    /// Of an address.
    package static let rows = 10_000

    package var kind: AlertKind
    package var organization: String
    package var address: String
    /// Seconds since 1970.
    package var since: Double

    package init(kind: AlertKind, organization: String, address: String, since: Double) {
        self.kind = kind
        self.organization = organization
        self.address = address
        self.since = since
    }
}

/// What kinds of alerts there are; the raw value is the metric's label.
package enum AlertKind: String, Sendable, CaseIterable, Codable {
    /// A token that a secret vouches for came with another user's hash, or none's: one side of the customer's signing is
    /// broken, or the API secret has leaked.
    case userHashMismatch = "user_hash_mismatch"
    /// One address spoke for many users in a short time.
    case manyUsers = "many_users"
    /// One address presented many tokens that no secret vouches for.
    case badSignatures = "bad_signatures"

    /// What the token log says of a token that counts.
    package var code: String {
        switch self {
        case .userHashMismatch: RejectionCode.userHashMismatch.rawValue
        case .manyUsers: TokenLogEntry.accepted
        case .badSignatures: RejectionCode.tokenSignatureMismatch.rawValue
        }
    }
}

/// One alert.
package struct Alert: Sendable, Equatable, Codable {
    /// An alert that hasn't been seen for so long is over: what comes later is another.
    package static let quietSeconds = 3600.0

    package var id: Int64
    package var kind: AlertKind
    package var organization: String
    /// The client's address.
    package var subject: String
    /// Seconds since 1970.
    package var firstSeen: Double
    package var lastSeen: Double
    /// Tokens; of `manyUsers`, the most distinct users within one window. At least so many: a flood is counted by samples.
    package var count: Int

    package init(
        id: Int64, kind: AlertKind, organization: String, subject: String, firstSeen: Double, lastSeen: Double,
        count: Int
    ) {
        self.id = id
        self.kind = kind
        self.organization = organization
        self.subject = subject
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.count = count
    }
}

/// What is to become of an alert.
package struct AlertSighting: Sendable, Equatable {
    package var kind: AlertKind
    package var organization: String
    package var subject: String
    package var firstSeen: Double
    package var lastSeen: Double
    /// Since the last sighting, or of all that is known (`isTotal`).
    package var count: Int
    /// Of `manyUsers`, the distinct users in the window now; else what all gateways have seen together.
    package var isTotal: Bool

    package init(
        kind: AlertKind, organization: String, subject: String, firstSeen: Double, lastSeen: Double, count: Int,
        isTotal: Bool = false
    ) {
        self.kind = kind
        self.organization = organization
        self.subject = subject
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.count = count
        self.isTotal = isTotal || kind == .manyUsers
    }
}
