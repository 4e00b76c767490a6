import ArgumentParser
import ControlPlane
import GatewayConfiguration
import UserDirectory

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Show the audit log: what administrators changed, the newest first.",
        discussion: """
            Whoever it was: over the admin API, in the console or on the command line.

              widget-gateway audit --since 7d
              widget-gateway audit --organization acme --action secret.revoke --json
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    @Option(help: ArgumentHelp("Only of this organization.", valueName: "id"))
    var organization: String?

    @Option(help: ArgumentHelp("Only this action, organization.update say.", valueName: "action"))
    var action: String?

    @Option(help: ArgumentHelp("Only by this admin token's id.", valueName: "id"))
    var actor: String?

    @Option(help: ArgumentHelp("Only to what has this id.", valueName: "id"))
    var subject: String?

    @OptionGroup var span: SpanOptions

    @Option(help: ArgumentHelp("Go on before the entry with this number.", valueName: "number"))
    var before: Int64?

    @Option(help: "At most this many, 1 to 10000.")
    var limit = 100

    func validate() throws {
        try RowLimit.check(limit)
    }

    func run() async throws {
        var filter = AuditFilter()
        filter.organization = organization
        filter.action = action
        filter.actor = actor
        filter.subject = subject
        filter.since = span.since?.seconds
        filter.until = span.until?.seconds
        let page = try await options.openAdministration().audit.list(
            filter, before: before, limit: limit, by: .commandLine)
        if output.json { return try Terminal.printJSON(page.entries.map(EntryJSON.init)) }
        Terminal.printTable(
            ["NUMBER", "AT", "BY", "FROM", "ACTION", "ORGANIZATION", "SUBJECT"],
            page.entries.map {
                [
                    "\($0.number)", Terminal.moment($0.at),
                    Terminal.clean("\($0.actor.kind.rawValue) \($0.actor.name)"),
                    Terminal.clean($0.actor.address), $0.action, $0.organization ?? "–", Terminal.clean($0.subject),
                ]
            },
            empty: "No entries.")
        if let next = page.next { Terminal.note("There may be more: --before \(next)") }
    }

    private struct EntryJSON: Encodable {
        var number: Int64
        var at: Double
        var actor: Actor
        var action: String
        var organization: String?
        var subject: String?
        var before: AnyJSON?
        var after: AnyJSON?

        struct Actor: Encodable {
            /// `admin_token`, `command_line` or `gateway`.
            var kind: String
            var id: String
            var name: String
            var address: String?
        }

        init(_ entry: AuditEntry) {
            number = entry.number
            at = entry.at
            actor = Actor(
                kind: entry.actor.kind.rawValue, id: entry.actor.id, name: entry.actor.name,
                address: entry.actor.address)
            action = entry.action
            organization = entry.organization
            subject = entry.subject
            before = entry.before.map(AnyJSON.init(text:))
            after = entry.after.map(AnyJSON.init(text:))
        }
    }
}
