/// Figures by the hour: what the rules refuse, would refuse, and already get.
package protocol ReportStore: Sendable {
    /// Adds figures to those of the same hour; all or nothing.
    func add(_ figures: [HourlyFigures]) async throws

    /// What each rule would refuse, over the hour, the day and the seven days before `now` (seconds since 1970): whole
    /// hours, so that the first may lie partly before.
    func enforcementReport(of organization: String, now: Double) async throws -> EnforcementReport

    /// How tokens fared, by hour and code, for hours that begin at `since` or later and before `until`; in that order.
    func outcomes(of organization: String, since: Double, until: Double) async throws -> [HourlyOutcome]

    /// Forgets outcomes after `HourlyFigures.outcomeDays`, reasons and traffic after `HourlyFigures.reasonDays`, a few rows
    /// at a time. Returns how many rows went.
    @discardableResult
    func trimFigures(now: Double) async throws -> Int
}

/// A rule that can be tried out before it is enforced.
package enum EnforcementRule: String, Sendable, CaseIterable, Codable {
    case requireIdentify = "require_identify"
    case requireUserHash = "require_user_hash"
    /// `identify_mode: update_only`.
    case updateOnly = "update_only"
}

/// How many tokens had one fate in one hour.
package struct HourlyOutcome: Sendable, Equatable, Codable {
    /// When the hour began, in seconds since 1970.
    package var hour: Double
    /// `accepted`, or a rejection's code.
    package var code: String
    package var count: Int

    package init(hour: Double, code: String, count: Int) {
        self.hour = hour
        self.code = code
        self.count = count
    }
}

/// What each rule would refuse at one organization, whether it is off, reports or is enforced.
package struct EnforcementReport: Sendable, Equatable, Codable {
    package var organization: String
    /// Seconds since 1970.
    package var at: Double
    /// One for each of `EnforcementRule`, in that order.
    package var rules: [RuleReport]

    package init(organization: String, at: Double, rules: [RuleReport]) {
        self.organization = organization
        self.at = at
        self.rules = rules
    }
}

package struct RuleReport: Sendable, Equatable, Codable {
    package var rule: EnforcementRule
    package var lastHour: RuleFigures
    package var lastDay: RuleFigures
    package var lastWeek: RuleFigures

    package init(rule: EnforcementRule, lastHour: RuleFigures, lastDay: RuleFigures, lastWeek: RuleFigures) {
        self.rule = rule
        self.lastHour = lastHour
        self.lastDay = lastDay
        self.lastWeek = lastWeek
    }
}

/// What one rule would have done in one span of time.
package struct RuleFigures: Sendable, Equatable, Codable {
    /// Requests that the rule would look at.
    package var requests: Int
    /// Those that carried what it wants.
    package var satisfied: Int
    /// Those that it would have refused, and did not.
    package var wouldRefuse: Int
    /// Distinct users among those; of `require_identify`, distinct client addresses, since nobody said who they are.
    /// Exact up to `DistinctCount.exactLimit`, then within about 3 %.
    package var users: Int
    /// By code and origin, the most requests first.
    package var reasons: [RefusalReason]

    package init(
        requests: Int = 0, satisfied: Int = 0, wouldRefuse: Int = 0, users: Int = 0, reasons: [RefusalReason] = []
    ) {
        self.requests = requests
        self.satisfied = satisfied
        self.wouldRefuse = wouldRefuse
        self.users = users
        self.reasons = reasons
    }

    /// From 0 to 1; nil where there was no traffic.
    package var satisfiedShare: Double? { requests > 0 ? Double(satisfied) / Double(requests) : nil }
}

/// Requests that would have been refused for one reason, from one origin.
package struct RefusalReason: Sendable, Equatable, Codable {
    /// The code that they would have got.
    package var code: String
    /// `-` where the browser named none, `other` beyond a bounded number of them.
    package var origin: String
    package var requests: Int
    package var users: Int
    /// A few of them.
    package var examples: [RefusalExample]

    package init(code: String, origin: String, requests: Int, users: Int, examples: [RefusalExample]) {
        self.code = code
        self.origin = origin
        self.requests = requests
        self.users = users
        self.examples = examples
    }
}

package struct RefusalExample: Sendable, Hashable, Codable {
    /// The directory's id of the user, or the client's address.
    package var subject: String
    /// Without the query; bytes outside of printable ASCII are percent-encoded.
    package var path: String
    /// Seconds since 1970.
    package var time: Double

    package init(subject: String, path: String, time: Double) {
        self.subject = subject
        self.path = path
        self.time = time
    }
}
