import ControlPlane
import IdentityCore
import UserDirectory

/// A rule as the page of widget auth shows it: what it may be set to, and what it does or would do.
struct RuleView: Sendable {
    let title: String
    let lead: String
    /// The setting, and the last part of the address that changes it.
    let field: String
    let path: String
    let form: FormState
    let state: Badge
    let choices: [Option]
    let advice: PageNotice?
    let spans: [Span]
    let satisfied: String
    let people: String
    let reasons: [Reason]
    let dryRun: String?

    /// - Parameter entered: what was chosen and refused; nil: the form is shown for the first time.
    init(
        _ rule: EnforcementRule, settings: OrganizationSettings, standing: EnforcementStanding, entered: String?,
        problem: AdminProblem?, _ call: ConsoleCall
    ) {
        let words = RuleWords(rule)
        let report = standing.report.rules.first { $0.rule == rule }
        let stored: String =
            switch rule {
            case .requireIdentify: settings.requireIdentify.rawValue
            case .requireUserHash: settings.requireUserHash.rawValue
            case .updateOnly: settings.identifyMode.rawValue
            }
        let isEnforced = stored == "enforce" || stored == "update_only"
        title = rule == .updateOnly ? "Identify mode" : words.name
        lead = Self.lead(rule)
        field = rule.setting
        path = rule.setting.split(separator: "_").joined(separator: "-")
        form = FormState(problem)
        state = isEnforced ? Badge("enforced", "good") : stored == "report" ? Badge("report", "warning") : Badge(stored)
        choices = Self.choices(rule).map { Option($0.0, $0.1, hint: $0.2, isChosen: $0.0 == entered ?? stored) }
        satisfied = words.satisfied
        people = words.people
        spans =
            report.map {
                [
                    Span("Last hour", $0.lastHour), Span("Last day", $0.lastDay), Span("Last 7 days", $0.lastWeek),
                ]
            } ?? []
        reasons = (report?.lastWeek.reasons ?? []).prefix(20).map { Reason($0, rule, call) }
        advice = isEnforced ? nil : report.flatMap { Self.advice($0, stored: stored) }
        dryRun =
            rule == .updateOnly
            ? "The directory knows \(standing.dryRun.known.grouped) users, who would be let in as now. "
                + "\(standing.dryRun.createdLastWeek.grouped) of them came within the last 7 days: those whom a token "
                + "made would have been refused, had the rule been on." : nil
    }

    private static func advice(_ report: RuleReport, stored: String) -> PageNotice? {
        let day = report.lastDay
        guard day.requests > 0 else { return nil }
        if day.wouldRefuse > 0 {
            let who = RuleWords(report.rule).people(day.users)
            return .warning(
                "Enforcing this now would refuse \(day.wouldRefuse.grouped) of \(day.requests.grouped) requests like those "
                    + "of the last day, of \(who).")
        }
        return .good("Nothing of the last day would have been refused: this is safe to enforce.")
    }

    private static func lead(_ rule: EnforcementRule) -> String {
        switch rule {
        case .requireIdentify:
            "Whether the widget is locked until a visitor has said who they are, with a user token or a session."
        case .requireUserHash:
            "Whether a token must also carry the hash of its user’s id: a second proof that the id is not made up."
        case .updateOnly: "What happens when a genuine token names somebody whom the directory doesn’t know."
        }
    }

    private static func choices(_ rule: EnforcementRule) -> [(String, String, String)] {
        switch rule {
        case .requireIdentify:
            [
                ("off", "Off", "Anonymous visitors may use the widget."),
                ("report", "Report", "They still may, and are counted below."),
                ("enforce", "Enforce", "They are locked out: 401 identify_required."),
            ]
        case .requireUserHash:
            [
                ("off", "Off", "A hash that is there must be right. None is needed."),
                ("report", "Report", "Tokens without one are let in, and counted below."),
                ("enforce", "Enforce", "They are refused: 401 user_hash_missing."),
            ]
        case .updateOnly:
            [
                ("upsert", "Upsert", "They are added to the directory, and let in."),
                (
                    "update_only", "Update only",
                    "They are refused: 403 user_unknown. Known users are let in and updated."
                ),
            ]
        }
    }

    /// One line of the figures.
    struct Span: Sendable {
        let label: String
        let hasTraffic: Bool
        let requests: String
        let wouldRefuse: String
        let isBad: Bool
        let users: String
        /// Of 100.
        let share: Int
        let shareText: String

        init(_ label: String, _ figures: RuleFigures) {
            self.label = label
            hasTraffic = figures.requests > 0
            requests = figures.requests.grouped
            wouldRefuse = figures.wouldRefuse.grouped
            isBad = figures.wouldRefuse > 0
            users = figures.users.grouped
            let share = min(1, max(0, figures.satisfiedShare ?? 0))
            self.share = Int((share * 100).rounded())
            // Nearly all is not all.
            shareText =
                share < 1 && self.share == 100 ? "> 99 %" : share > 0 && self.share == 0 ? "< 1 %" : "\(self.share) %"
        }
    }

    struct Reason: Sendable {
        let words: String
        let code: String
        let origin: String
        let requests: String
        let users: String
        let examples: [Example]

        init(_ reason: RefusalReason, _ rule: EnforcementRule, _ call: ConsoleCall) {
            words = RuleWords.reason(reason.code)
            code = reason.code
            origin =
                switch reason.origin {
                case "-": "no origin named"
                case "other": "other origins"
                default: reason.origin
                }
            requests = reason.requests.grouped
            users = reason.users.grouped
            examples = reason.examples.prefix(5).map { Example($0, rule, call) }
        }
    }

    struct Example: Sendable {
        let subject: String
        /// Of the user's page.
        let address: String?
        let path: String
        let time: MomentText

        init(_ example: RefusalExample, _ rule: EnforcementRule, _ call: ConsoleCall) {
            subject = example.subject
            let isUser = rule != .requireIdentify && example.subject.hasPrefix("usr_")
            address = isUser ? ConsoleAddress.user(example.subject, of: call.organization) : nil
            path = example.path
            time = MomentText(example.time, now: call.now)
        }
    }
}
