import ArgumentParser
import ControlPlane
import UserDirectory

struct OrganizationReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Show what each rule would refuse, before it is enforced.",
        discussion: """
            For the last hour, day and 7 days, in whole hours: how many requests the rule looks at,
            how many carry what it wants, and how many it would have refused, of how many users (of
            require_identify: addresses).

              widget-gateway organization report acme
              widget-gateway organization report acme --json
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    @Argument(help: "The organization's id.")
    var organization: String

    func run() async throws {
        let administration = try options.openAdministration()
        let settings = try await administration.settings(of: organization)
        let standing = try await administration.reports.enforcement(of: organization, by: .commandLine)
        let (report, dryRun) = (standing.report, standing.dryRun)
        if output.json {
            return try Terminal.printJSON(ReportJSON(report: report, updateOnlyDirectory: dryRun))
        }
        Terminal.printTable(
            ["RULE", "NOW", "SPAN", "REQUESTS", "SATISFIED", "WOULD REFUSE", "USERS"],
            report.rules.flatMap { rule in
                [("last hour", rule.lastHour), ("last day", rule.lastDay), ("7 days", rule.lastWeek)].map {
                    [
                        rule.rule.rawValue, settings.value(of: rule.rule), $0, "\($1.requests)", Self.share($1),
                        "\($1.wouldRefuse)", "\($1.users)",
                    ]
                }
            },
            empty: "")
        let reasons = report.rules.flatMap { rule in rule.lastWeek.reasons.map { (rule.rule, $0) } }
        if !reasons.isEmpty {
            Terminal.print("")
            Terminal.printTable(
                ["RULE", "CODE", "ORIGIN", "7 DAYS", "USERS", "FOR EXAMPLE"],
                reasons.map { rule, reason in
                    let example = reason.examples.first
                    return [
                        rule.rawValue, reason.code, Terminal.clean(reason.origin), "\(reason.requests)",
                        "\(reason.users)", example.map { Terminal.clean("\($0.subject) \($0.path)") } ?? "–",
                    ]
                },
                empty: "")
        }
        Terminal.print("")
        Terminal.print(
            "update_only: the directory knows \(dryRun.known) users; "
                + "\(dryRun.createdLastWeek) of them came within 7 days.")
    }

    /// `87 of 120 (72 %)`.
    private static func share(_ figures: RuleFigures) -> String {
        guard let share = figures.satisfiedShare else { return "–" }
        return "\(figures.satisfied) (\(Int((share * 100).rounded(.down))) %)"
    }
}

private struct ReportJSON: Encodable {
    var organization: String
    var at: Double
    var rules: [RuleReport]
    var updateOnlyDirectory: UpdateOnlyDryRun

    init(report: EnforcementReport, updateOnlyDirectory: UpdateOnlyDryRun) {
        organization = report.organization
        at = report.at
        rules = report.rules
        self.updateOnlyDirectory = updateOnlyDirectory
    }
}
