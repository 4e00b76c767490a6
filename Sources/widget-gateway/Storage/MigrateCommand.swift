import ArgumentParser
import Gateway
import GatewayConfiguration
import UserDirectory

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Copy everything to another storage.",
        discussion: """
            Stop every gateway first: a source that is in use is refused. The target must be empty.

            Copies organizations, secrets, users, sessions, used tokens, admin tokens, the audit log, the token
            log, and the figures and alerts that go with it,
            compares what both sides then hold, and prints how many rows each table has, with a checksum.
            Broken off at any point, the command goes on from there when it is run again; until it has
            finished, no gateway serves from the target. The source stays as it is.

            Secrets stay encrypted as they are: both sides have the same master key. A token log that
            storage.token_log_file keeps in a file of its own beside PostgreSQL stays where it is.

            A password belongs into PGPASSFILE, or into the environment (WIDGET_GATEWAY_STORAGE_URL, which
            stands in for --from): everybody on the machine can see a command's arguments.

              widget-gateway storage migrate --from sqlite:data/widget-gateway.db --to postgres://gateway@db/widgets
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    @Option(
        help: ArgumentHelp(
            "What to copy: sqlite:PATH or postgres://…. Without it: the configured storage.", valueName: "address"))
    var from: String?

    @Option(help: ArgumentHelp("Where to: postgres://… or sqlite:PATH.", valueName: "address"))
    var to: String

    @Flag(help: "Only count what there is to copy.")
    var dryRun = false

    func validate() throws {
        // Never quoted: an address may hold a password.
        if let from, StorageConfiguration.Database(from) == nil {
            throw ValidationError("--from must be sqlite:PATH or postgres://…")
        }
        guard StorageConfiguration.Database(to) != nil else {
            throw ValidationError("--to must be postgres://… or sqlite:PATH")
        }
    }

    func run() async throws {
        var source = try options.load().configuration.storage
        if let from, let database = StorageConfiguration.Database(from) { source.database = database }
        var target = source
        if let database = StorageConfiguration.Database(to) { target.database = database }
        guard source.database != target.database else { throw Refusal("both addresses are the same") }
        let summaries = try migrate(from: source, to: target)
        guard !dryRun else { return }
        if output.json {
            try Terminal.printJSON(Outcome(tables: summaries))
        } else {
            Terminal.printTable(
                ["table", "rows", "checksum"],
                summaries.map { [$0.name, String($0.rows), String($0.checksum.prefix(16))] }, empty: "")
            Terminal.note("Both sides hold the same. storage.url may now name the target.")
        }
    }

    private func migrate(from: StorageConfiguration, to: StorageConfiguration) throws -> [TableSummary] {
        let source = try from.openAsSource(environment: options.environment)
        guard !dryRun else {
            try printCounts(source)
            return []
        }
        let progress = MigrationProgressLines()
        let migration = StorageMigration(
            from: source, to: try to.openAsTarget(environment: options.environment), report: progress.show)
        if try migration.isResumed() { Terminal.note("Going on with a migration that was begun earlier") }
        defer { progress.finish() }
        return try migration.run()
    }

    private func printCounts(_ source: any MigrationSource) throws {
        let counts = try StoredTable.all.map { Count(name: $0.name, rows: try source.count($0)) }
        guard !output.json else { return try Terminal.printJSON(Counts(tables: counts)) }
        Terminal.printTable(["table", "rows"], counts.map { [$0.name, String($0.rows)] }, empty: "")
    }

    private struct Outcome: Encodable {
        var tables: [TableSummary]
    }

    private struct Counts: Encodable {
        var tables: [Count]
    }

    private struct Count: Encodable {
        var name: String
        var rows: Int
    }
}

/// How far a migration has come: on a terminal a line that changes, elsewhere a line for each table.
private final class MigrationProgressLines {
    private var line: ProgressLine?
    private var current = ""

    func show(_ step: StorageMigration.Step) {
        let (title, rows, total) =
            switch step {
            case .copying(let table, let rows, let total): ("\(table) copied", rows, total)
            case .comparing(let table, let rows, let total): ("\(table) compared", rows, total)
            }
        if title != current {
            finish()
            current = title
            line = ProgressLine(total: total, noun: title)
            if !Terminal.errorsAreSeen { Terminal.note("\(rows) of \(total) \(title) so far") }
        }
        line?.show(rows)
    }

    func finish() { line?.finish() }
}
