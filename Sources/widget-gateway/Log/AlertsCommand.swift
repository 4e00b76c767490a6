import ArgumentParser
import UserDirectory

struct AlertsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alerts",
        abstract: "Show impersonation alerts, the latest seen first.",
        discussion: """
            user_hash_mismatch: a genuine token came with another user's hash.
            many_users: one address spoke for many users.
            bad_signatures: one address presented many tokens that no secret vouches for.

              widget-gateway alerts
              widget-gateway alerts acme --since 1d --json
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    @Option(help: ArgumentHelp("Last seen then or later: 1h or 7d ago, or 2026-01-31T12:00:00Z.", valueName: "time"))
    var since: MomentArgument?

    @Option(help: "At most this many, 1 to 10000.")
    var limit = 100

    @Argument(help: "The organization's id; all, where none is given.")
    var organization: String?

    func validate() throws {
        try RowLimit.check(limit)
    }

    func run() async throws {
        if let organization, try await options.openStore().organization(organization) == nil {
            throw StoreError.organizationUnknown(organization)
        }
        let alerts = try await options.openTelemetry()
            .alerts(of: organization, since: since?.seconds, limit: limit)
        if output.json { return try Terminal.printJSON(alerts) }
        Terminal.printTable(
            ["KIND", "ORGANIZATION", "ADDRESS", "FIRST SEEN", "LAST SEEN", "COUNT"],
            alerts.map {
                [
                    $0.kind.rawValue, $0.organization, Terminal.clean($0.subject), Terminal.moment($0.firstSeen),
                    Terminal.moment($0.lastSeen), "\($0.count)",
                ]
            },
            empty: "No alerts.")
    }
}
