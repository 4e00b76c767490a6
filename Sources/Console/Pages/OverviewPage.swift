import ControlPlane
import IdentityCore
import UserDirectory

/// How tokens fared, and what needs a look.
enum OverviewPage {
    private static let alertsShown = 20

    static let routes: [ConsoleRoute] = [
        .get("organizations/{organization}") { call in
            let settings = try await call.settings()
            let reports = call.administration.reports
            let now = call.now
            let span = call.query.choice("span", OverviewSpan.self) ?? .day
            let times = span.times(now: now)
            let outcomes = try await reports.outcomes(
                of: settings.id, since: times.before, until: times.until, by: call.who)
            let alerts = try await reports.alerts(
                of: settings.id, since: times.since, limit: alertsShown, by: call.who)
            let figures = OverviewFigures(outcomes, span: span, times: times, organization: settings.id)
            return .page(
                PageContent(
                    "overview", title: "Overview", in: .organization(settings, .overview),
                    Page(
                        spans: OverviewSpan.allCases.map {
                            Span(
                                label: $0.label, address: call.address("") + "?span=" + $0.rawValue,
                                isCurrent: $0 == span)
                        },
                        figures: figures, hasTokens: figures.total > 0,
                        alerts: alerts.map { AlertText($0, now: now) },
                        hasOpenAlert: alerts.contains { now - $0.lastSeen < Alert.quietSeconds },
                        hasMoreAlerts: alerts.count == alertsShown,
                        checklist: try await checklist(call, settings), rules: try await rules(call, settings),
                        widgetAuth: call.address(OrganizationTab.widgetAuth.rawValue),
                        log: call.address(OrganizationTab.tokenLog.rawValue),
                        checker: call.address(OrganizationTab.tokenChecker.rawValue), codes: CodeGuide.page)))
        }
    ]

    private static func checklist(
        _ call: ConsoleCall, _ settings: OrganizationSettings
    ) async throws -> OverviewChecklist? {
        let times = OverviewSpan.quarter.times(now: call.now)
        let outcomes = try await call.administration.reports.outcomes(
            of: settings.id, since: times.since, until: times.until, by: call.who)
        let secrets = try await call.administration.secrets.list(of: settings.id, by: call.who)
        let signIn = try await call.administration.signIn.report(on: settings.id, by: call.who)
        return OverviewChecklist(
            settings, hasSecret: secrets.contains { $0.purpose == .api && $0.isActive(at: call.now) },
            hasAccepted: outcomes.contains { $0.code == TokenLogEntry.accepted }, hasTokens: !outcomes.isEmpty,
            readiness: signIn.readiness)
    }

    /// What rules in `report` would have refused in seven days.
    private static func rules(_ call: ConsoleCall, _ settings: OrganizationSettings) async throws -> [Rule] {
        let inReport: [EnforcementRule: Bool] = [
            .requireIdentify: settings.requireIdentify == .report,
            .requireUserHash: settings.requireUserHash == .report,
        ]
        guard inReport.values.contains(true) else { return [] }
        let standing = try await call.administration.reports.enforcement(of: settings.id, by: call.who)
        return standing.report.rules.filter { inReport[$0.rule] == true }.map { Rule($0) }
    }

    private struct Page: Sendable {
        let spans: [Span]
        let figures: OverviewFigures
        let hasTokens: Bool
        let alerts: [AlertText]
        let hasOpenAlert: Bool
        let hasMoreAlerts: Bool
        let checklist: OverviewChecklist?
        let rules: [Rule]
        let widgetAuth: String
        let log: String
        let checker: String
        let codes: String
    }

    private struct Span: Sendable {
        let label: String
        let address: String
        let isCurrent: Bool
    }

    private struct Rule: Sendable {
        let name: String
        let words: String
        let wouldRefuse: Bool

        init(_ report: RuleReport) {
            let rule = RuleWords(report.rule)
            name = rule.name
            let week = report.lastWeek
            wouldRefuse = week.wouldRefuse > 0
            if week.requests == 0 {
                words = "No request in 7 days that it would look at."
            } else if week.wouldRefuse == 0 {
                words =
                    "All \(week.requests.grouped) requests of the last 7 days carry what it wants: it can be "
                    + "enforced."
            } else {
                words =
                    "Enforced, it would have refused \(week.wouldRefuse.grouped) of \(week.requests.grouped) requests in "
                    + "7 days, of \(rule.people(week.users))."
            }
        }
    }
}
