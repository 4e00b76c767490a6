/// One span of a report while it is put together: from an hour on.
package struct ReportWindow: Sendable {
    private struct Reason: Hashable {
        let rule: EnforcementRule
        let code: String
        let origin: String
    }

    /// When its first hour began, in seconds since 1970.
    package let since: Double
    private var traffic = Traffic()
    private var reasons: [Reason: WouldBeRefusals] = [:]

    /// `since` is when the first hour began, in seconds since 1970.
    package init(since: Double) { self.since = since }

    /// The hour, the day and the seven days before `now`, in seconds since 1970.
    package static func ofReport(at now: Double) -> [ReportWindow] {
        [3600.0, 86400, 7 * 86400].map { ReportWindow(since: HourlyFigures.hour(of: now - $0)) }
    }

    package mutating func add(_ part: Traffic, hour: Double) {
        if hour >= since { traffic += part }
    }

    package mutating func add(_ refusals: WouldBeRefusals, hour: Double) {
        guard hour >= since else { return }
        let reason = Reason(rule: refusals.rule, code: refusals.code, origin: refusals.origin)
        reasons[
            reason, default: WouldBeRefusals(rule: refusals.rule, code: refusals.code, origin: refusals.origin)
        ].merge(refusals)
    }

    package func figures(of rule: EnforcementRule) -> RuleFigures {
        let own = reasons.values.filter { $0.rule == rule }
        var users = DistinctCount()
        for reason in own { users.merge(reason.users) }
        let wouldRefuse = own.reduce(0) { $0 + $1.requests }
        var figures = RuleFigures(wouldRefuse: wouldRefuse, users: users.count)
        switch rule {
        case .requireIdentify: (figures.requests, figures.satisfied) = (traffic.requests, traffic.identified)
        case .requireUserHash: (figures.requests, figures.satisfied) = (traffic.tokens, traffic.userHashes)
        case .updateOnly:
            (figures.requests, figures.satisfied) = (traffic.admissions, max(0, traffic.admissions - wouldRefuse))
        }
        figures.reasons = own.sorted { ($1.requests, $0.code, $0.origin) < ($0.requests, $1.code, $1.origin) }.map {
            RefusalReason(
                code: $0.code, origin: $0.origin, requests: $0.requests, users: $0.users.count, examples: $0.examples)
        }
        return figures
    }
}

extension EnforcementReport {
    /// - Parameter windows: of `ReportWindow.ofReport`, filled.
    package init(organization: String, at now: Double, windows: [ReportWindow]) {
        self.init(
            organization: organization, at: now,
            rules: EnforcementRule.allCases.map { rule in
                RuleReport(
                    rule: rule, lastHour: windows[0].figures(of: rule), lastDay: windows[1].figures(of: rule),
                    lastWeek: windows[2].figures(of: rule))
            })
    }
}
