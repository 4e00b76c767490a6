/// Copies everything from one storage to another, and compares what both then hold.
///
/// Rows go over in the order of their keys, a batch in one transaction with the note of how far it has come: a migration
/// that was broken off at any point goes on from there when it is run again. Only after both sides, each read anew, have
/// the same rows may the target be served from.
package struct StorageMigration {
    package enum Step: Sendable, Equatable {
        case copying(table: String, rows: Int, of: Int)
        case comparing(table: String, rows: Int, of: Int)
    }

    /// Rows, and about how many bytes, that are held in memory and written at once.
    private static let batchRows = 5000
    private static let batchBytes = 4 << 20
    /// Rows between two reports while tables are compared.
    private static let reportEvery = 5000

    private let source: any MigrationSource
    private let target: any MigrationTarget
    private let report: (Step) -> Void

    package init(from source: any MigrationSource, to target: any MigrationTarget, report: @escaping (Step) -> Void) {
        self.source = source
        self.target = target
        self.report = report
    }

    /// Whether a migration goes on that was begun earlier.
    package func isResumed() throws -> Bool { try target.progress() != nil }

    /// Copies, compares, and lets the target be served from. Returns what each table holds.
    package func run() throws -> [TableSummary] {
        var progress = try begun()
        let first = StoredTable.all.firstIndex { $0.name == progress.table } ?? 0
        for table in StoredTable.all[first...] {
            if table.name != progress.table {
                progress = MigrationProgress(identity: source.identity, table: table.name)
            }
            try copy(table, from: progress)
        }
        try target.set(source.counters())
        let summaries = try StoredTable.all.map(compared)
        guard try target.counters() == source.counters() else { throw MigrationRefusal.countersDiffer }
        try target.finish()
        return summaries
    }

    private func begun() throws -> MigrationProgress {
        if let progress = try target.progress() {
            guard progress.identity == source.identity else { throw MigrationRefusal.targetOfAnother }
            return progress
        }
        let progress = MigrationProgress(identity: source.identity, table: StoredTable.all[0].name)
        try target.begin(progress)
        return progress
    }

    private func copy(_ table: StoredTable, from start: MigrationProgress) throws {
        let total = try source.count(table)
        var noted = try target.progress() ?? start
        var progress = start
        var batch: [StoredRow] = []
        var bytes = 0
        func flush() throws {
            guard !batch.isEmpty else { return }
            try target.append(batch, to: table, from: noted, to: progress)
            noted = progress
            batch.removeAll(keepingCapacity: true)
            bytes = 0
            report(.copying(table: table.name, rows: progress.rows, of: total))
        }
        report(.copying(table: table.name, rows: progress.rows, of: total))
        try source.forEachRow(of: table, after: start.key) { row in
            batch.append(row)
            bytes += row.reduce(0) { $0 + $1.size }
            progress.key = table.key(of: row)
            progress.rows += 1
            if batch.count >= Self.batchRows || bytes >= Self.batchBytes { try flush() }
        }
        try flush()
    }

    private func compared(_ table: StoredTable) throws -> TableSummary {
        let total = 2 * (try source.count(table))
        var done = 0
        func summary(of end: any MigrationSource) throws -> TableSummary {
            var summary = TableSummary(of: table)
            try end.forEachRow(of: table, after: nil) { row in
                summary.add(row)
                done += 1
                if done.isMultiple(of: Self.reportEvery) {
                    report(.comparing(table: table.name, rows: done, of: total))
                }
            }
            return summary
        }
        let expected = try summary(of: source)
        let found = try summary(of: target)
        guard expected == found else { throw MigrationRefusal.different(source: expected, target: found) }
        return found
    }
}
