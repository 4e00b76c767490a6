/// The record of tokens that were presented: bounded in age and size, lossy where it must be, never in anybody's way.
///
/// What it has returned needn't outlive a power cut.
package protocol TokenLogStore: Sendable {
    /// Appends rows, in order, and adds to what is known of repeats: all or nothing.
    func append(_ entries: [TokenLogEntry], repeats: [TokenRepeats]) async throws

    /// Rows that match, the newest first; those with an id below `cursor` where one is given. At most `limit`.
    func tokenLog(_ filter: TokenLogFilter, before cursor: Int64?, limit: Int) async throws -> [TokenLogEntry]

    /// Rows that match and came after the row with id `cursor`, the oldest first: for who follows the log.
    func tokenLog(_ filter: TokenLogFilter, after cursor: Int64, limit: Int) async throws -> [TokenLogEntry]

    /// The id of the newest row; 0 where there is none.
    func newestTokenLogID() async throws -> Int64

    /// About how often a user's remembered tokens were accepted again, by hour, the newest first.
    func tokenRepeats(of organization: String, user: String, since: Double) async throws -> [TokenRepeats]

    /// Forgets what is too old or too much, a few rows at a time so that others get in between. Where there is too much,
    /// who has most loses first: a flood at one organization leaves another's rows alone, and one of forgeries leaves
    /// those of verified tokens. Returns how many rows went.
    @discardableResult
    func trimTokenLog(to limits: TokenLogLimits, now: Double) async throws -> Int

    /// Forgets everything about an organization: log, figures and alerts.
    func forgetTelemetry(of organization: String) async throws

    /// Takes a user's id out of everything that is kept here (a privacy request): rows stay, without the user and the
    /// address.
    func forgetTelemetry(ofUser user: String, of organization: String) async throws
}

/// Which rows of the token log; each condition that is nil is no condition.
package struct TokenLogFilter: Sendable, Equatable, Codable {
    package var organization: String?
    /// `accepted`, or a rejection's code.
    package var code: String?
    /// Accepted ones, or refused ones.
    package var accepted: Bool?
    /// The directory's id.
    package var user: String?
    /// The client's address, in full.
    package var address: String?
    /// The first moment, and the first one after the last: seconds since 1970.
    package var since: Double?
    package var until: Double?
    /// A part of the origin, ignoring the case of ASCII letters.
    package var originText: String?

    package init(
        organization: String? = nil, code: String? = nil, accepted: Bool? = nil, user: String? = nil,
        address: String? = nil, since: Double? = nil, until: Double? = nil, originText: String? = nil
    ) {
        self.organization = organization
        self.code = code
        self.accepted = accepted
        self.user = user
        self.address = address
        self.since = since
        self.until = until
        self.originText = originText
    }
}

/// How much of the token log is kept.
package struct TokenLogLimits: Sendable, Equatable {
    package var days: Double
    package var rows: Int

    package init(days: Double = 30, rows: Int = 1_000_000) {
        self.days = days
        self.rows = rows
    }
}
