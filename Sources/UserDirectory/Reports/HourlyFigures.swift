/// What happened at one organization in one hour, or in a part of it: parts add up.
package struct HourlyFigures: Sendable {
    package static let outcomeDays = 90.0
    /// One more than the longest span of a report.
    package static let reasonDays = 8.0

    package var organization: String
    /// When the hour began, in seconds since 1970.
    package var hour: Double
    package var traffic: Traffic
    /// Tokens by fate: `accepted`, or a rejection's code.
    package var outcomes: [String: Int]
    package var refusals: [WouldBeRefusals]

    package init(
        organization: String, hour: Double, traffic: Traffic = Traffic(), outcomes: [String: Int] = [:],
        refusals: [WouldBeRefusals] = []
    ) {
        self.organization = organization
        self.hour = hour
        self.traffic = traffic
        self.outcomes = outcomes
        self.refusals = refusals
    }

    /// Adds another part of the same organization and hour.
    package mutating func merge(_ other: HourlyFigures) {
        traffic += other.traffic
        outcomes.merge(other.outcomes) { $0 + $1 }
        for refusal in other.refusals {
            let known = refusals.firstIndex {
                $0.rule == refusal.rule && $0.code == refusal.code && $0.origin == refusal.origin
            }
            if let known { refusals[known].merge(refusal) } else { refusals.append(refusal) }
        }
    }

    /// The beginning of the hour that `time` lies in, both in seconds since 1970.
    package static func hour(of time: Double) -> Double { (time / 3600).rounded(.down) * 3600 }
}

/// How much of an organization's traffic already carries what the rules want.
package struct Traffic: Sendable, Equatable {
    /// Requests on routes where identity matters.
    package var requests: Int
    /// Those that spoke for a user, by token or session.
    package var identified: Int
    /// Those with an accepted token or plain identity.
    package var tokens: Int
    /// Those of `tokens` whose user hash held.
    package var userHashes: Int
    /// Users whom the directory was asked about.
    package var admissions: Int

    package init(
        requests: Int = 0, identified: Int = 0, tokens: Int = 0, userHashes: Int = 0, admissions: Int = 0
    ) {
        self.requests = requests
        self.identified = identified
        self.tokens = tokens
        self.userHashes = userHashes
        self.admissions = admissions
    }

    package static func += (sum: inout Traffic, part: Traffic) {
        sum.requests += part.requests
        sum.identified += part.identified
        sum.tokens += part.tokens
        sum.userHashes += part.userHashes
        sum.admissions += part.admissions
    }
}

/// Requests that one rule would have refused for one reason, from one origin.
package struct WouldBeRefusals: Sendable {
    /// The origin of requests that named none.
    package static let noOrigin = "-"
    /// The origin of all beyond the first few.
    package static let otherOrigins = "other"
    package static let maximumExamples = 3
    /// Origins of one reason and hour, beyond which they aren't told apart.
    package static let maximumOrigins = 32

    package var rule: EnforcementRule
    package var code: String
    package var origin: String
    package var requests: Int
    package var users: DistinctCount
    package var examples: [RefusalExample]

    package init(
        rule: EnforcementRule, code: String, origin: String, requests: Int = 0, users: DistinctCount = DistinctCount(),
        examples: [RefusalExample] = []
    ) {
        self.rule = rule
        self.code = code
        self.origin = origin
        self.requests = requests
        self.users = users
        self.examples = examples
    }

    /// Adds what was seen of the same rule, code and origin elsewhere or later.
    package mutating func merge(_ other: WouldBeRefusals) {
        requests += other.requests
        users.merge(other.users)
        for example in other.examples where examples.count < Self.maximumExamples && !examples.contains(example) {
            examples.append(example)
        }
    }
}
