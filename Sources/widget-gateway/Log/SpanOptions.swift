import ArgumentParser

/// `--since` and `--until`, for logs.
struct SpanOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Not before: 90s, 15m, 1h or 7d ago, or 2026-01-31T12:00:00Z.", valueName: "time"))
    var since: MomentArgument?

    @Option(help: ArgumentHelp("Before, written like --since.", valueName: "time"))
    var until: MomentArgument?
}

/// How many rows a list may be asked for.
enum RowLimit {
    static func check(_ limit: Int) throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit must be from 1 to 10000.") }
    }
}
