import ControlPlane
import UserDirectory

/// The token log as comma-separated values, the newest rows first, read page by page while it is sent.
actor TokenLogCSV {
    /// Where there are more, the newest are sent.
    static let mostRows = 100_000
    private static let pageSize = 1000
    private static let columns = [
        "time", "outcome", "warnings", "user", "key_id", "address", "origin", "source", "stands_for",
    ]

    private let log: TokenLogService
    private let filter: TokenLogFilter
    private let who: Administrator
    private var cursor: Int64?
    private var sent = 0
    private var hasBegun = false
    private var isAtEnd = false

    init(_ log: TokenLogService, _ filter: TokenLogFilter, by who: Administrator) {
        self.log = log
        self.filter = filter
        self.who = who
    }

    /// The next part; nil at the end.
    func next() async throws -> [UInt8]? {
        guard !isAtEnd else { return nil }
        let page = try await log.list(
            filter, before: cursor, limit: min(Self.pageSize, Self.mostRows - sent), by: who)
        cursor = page.next
        sent += page.entries.count
        isAtEnd = page.next == nil || sent >= Self.mostRows
        defer { hasBegun = true }
        let lines = page.entries.map { UserCSV.line(Self.cells($0)) }
        return Array(((hasBegun ? "" : UserCSV.line(Self.columns)) + lines.joined()).utf8)
    }

    private static func cells(_ entry: TokenLogEntry) -> [String] {
        [
            MomentText(entry.time, now: entry.time).iso, entry.code, entry.warnings.joined(separator: ";"),
            entry.user ?? "", entry.keyID ?? "", entry.address, entry.origin ?? "", entry.source.rawValue,
            String(entry.standsFor),
        ]
    }
}
