import ArgumentParser
import Foundation
import UserDirectory

struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Show the token log: who was accepted, who wasn't, and why.",
        discussion: """
            The newest rows come first; with --follow the oldest, and then what comes. A row stands
            for several tokens (tokens=N) where they came too fast to write each down. A token that is
            remembered from an earlier request has no row of its own.

              widget-gateway log acme --since 1h
              widget-gateway log acme --code token_expired --json
              widget-gateway log --refused --follow
            """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "Print a JSON object a line, for scripts.")
    var json = false

    @Option(help: ArgumentHelp("Only this outcome: accepted, or the code of a refusal.", valueName: "code"))
    var code: String?

    @Flag(help: "Only refusals.")
    var refused = false

    @Option(
        help: ArgumentHelp(
            "Only this user's: directory id, the customer's own id, or email address.", valueName: "user"))
    var user: String?

    @Option(help: ArgumentHelp("Only from this client address.", valueName: "address"))
    var address: String?

    @Option(help: ArgumentHelp("Only from origins that contain this.", valueName: "text"))
    var origin: String?

    @OptionGroup var span: SpanOptions

    @Option(help: ArgumentHelp("Go on before the row with this id.", valueName: "id"))
    var before: Int64?

    @Option(help: "At most this many, 1 to 10000; with --follow, as many of those that there are already.")
    var limit = 100

    @Flag(help: "Go on with what comes, until interrupted.")
    var follow = false

    @Argument(help: "The organization's id; all, where none is given.")
    var organization: String?

    func validate() throws {
        try RowLimit.check(limit)
        guard !follow || (before == nil && span.until == nil) else {
            throw ValidationError("--follow goes on from now: without --before and --until.")
        }
    }

    func run() async throws {
        let filter = try await filter()
        let store = try options.openTelemetry()
        guard follow else {
            let rows = try await store.tokenLog(filter, before: before, limit: limit)
            show(rows)
            if rows.count == limit, let last = rows.last { Terminal.note("There may be more: --before \(last.id)") }
            return
        }
        // What comes while this is read comes after it.
        var newest = try await store.newestTokenLogID()
        show(try await store.tokenLog(filter, before: newest + 1, limit: limit).reversed())
        while true {
            let next = try await store.tokenLog(filter, after: newest, limit: 1000)
            show(next)
            if let last = next.last { newest = last.id } else { try await Task.sleep(for: .milliseconds(250)) }
        }
    }

    private func filter() async throws -> TokenLogFilter {
        var filter = TokenLogFilter(
            organization: organization, code: code, accepted: refused ? false : nil, address: address,
            since: span.since?.seconds, until: span.until?.seconds, originText: origin)
        if let organization {
            let store = try options.openStore()
            guard try await store.organization(organization) != nil else {
                throw StoreError.organizationUnknown(organization)
            }
            filter.user = try await user.asyncMap { try await store.directoryID(of: $0, in: organization) }
        } else if let user {
            // Ids of a customer's own mean something at one organization alone.
            guard user.hasPrefix("usr_") else {
                throw Refusal("name the organization that '\(Terminal.clean(user))' is a user of, or a directory id")
            }
            filter.user = user
        }
        return filter
    }

    private func show(_ rows: [TokenLogEntry]) {
        for row in rows {
            if json { LineJSON.print(row) } else { Terminal.print(line(row)) }
        }
        if rows.isEmpty, !follow { Terminal.note("No rows.") }
    }

    /// A line of its own, so that columns needn't wait for what comes.
    private func line(_ row: TokenLogEntry) -> String {
        var line = "\(Terminal.moment(row.time))  \(row.organization)  \(row.code)"
        if row.standsFor > 1 { line += "  tokens=\(row.standsFor)" }
        for (name, value) in [
            ("user", row.user), ("key", row.keyID), ("address", row.address), ("origin", row.origin),
            ("by", row.source.rawValue), ("warnings", row.warnings.isEmpty ? nil : row.warnings.joined(separator: ",")),
        ] {
            if let value { line += "  \(name)=\(Terminal.clean(value))" }
        }
        return line
    }
}

/// A JSON object on a line of its own.
enum LineJSON {
    static func print(_ value: some Encodable) {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else { return }
        Terminal.print(String(decoding: data, as: UTF8.self))
    }
}

/// A moment as an operator writes it: so long ago, or a date.
struct MomentArgument: ExpressibleByArgument, Equatable {
    /// Since 1970.
    let seconds: Double

    init?(argument: String) { self.init(argument, now: Date().timeIntervalSince1970) }

    /// `now` is in seconds since 1970.
    init?(_ text: String, now: Double) {
        if let duration = DurationArgument(argument: text) {
            seconds = now - duration.seconds
        } else if let date = try? Date(text, strategy: .iso8601) {
            seconds = date.timeIntervalSince1970
        } else {
            return nil
        }
    }
}
