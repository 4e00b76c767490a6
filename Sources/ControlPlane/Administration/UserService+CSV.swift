import GatewayConfiguration
package import UserDirectory

extension UserService {
    /// Rows that are written in one transaction.
    package static let batchSize = 1000
    /// How many bad rows are told of.
    package static let mistakesTold = 100

    /// Creates and updates users from CSV, batch by batch as it comes: each is written whole, or not at all where a row
    /// of it is bad. What was written stays, so that a file that was mended can be sent again.
    ///
    /// - Parameters:
    ///   - isTrial: everything is read and nothing written.
    ///   - mistakes: how many bad rows the report tells of.
    ///   - progress: gets the report as it stands whenever a batch is through.
    package func importCSV(
        into organization: String, isTrial: Bool, tellingOf mistakes: Int = mistakesTold, by who: Administrator,
        progress: (UserImportReport) -> Void = { _ in }, next: () async throws -> [UInt8]?
    ) async throws -> UserImportReport {
        try who.change(organization)
        _ = try await base.organizations.settings(of: organization, by: who)
        var reader = UserCSVReader(batchSize: Self.batchSize)
        var report = UserImportReport()
        report.mistakesTold = mistakes
        do {
            while let bytes = try await next() {
                for batch in try reader.take(bytes) {
                    try await write(batch, to: organization, isTrial, &report, who)
                    progress(report)
                }
            }
            if let batch = try reader.finish() { try await write(batch, to: organization, isTrial, &report, who) }
        } catch let error as UserCSVUnreadable {
            guard report.read > 0 else { throw AdminProblem.invalid("", error.description) }
            report.stopped = error.description
        }
        return report
    }

    private func write(
        _ batch: UserCSVReader.Batch, to organization: String, _ isTrial: Bool, _ report: inout UserImportReport,
        _ who: Administrator
    ) async throws {
        report.read += batch.rows.count + batch.mistakes.count
        guard batch.mistakes.isEmpty else { return report.refuse(batch, batch.mistakes) }
        guard !isTrial else { return }
        do {
            let counts = try await base.store.administer { transaction in
                let counts = try transaction.importUsers(batch.rows.map(\.profile), into: organization)
                try transaction.record(
                    AuditEntry(
                        at: transaction.moment, actor: who.actor, action: "users.import", organization: organization,
                        after: JSONValue.members([
                            "first_line": .integer(batch.lines.lowerBound),
                            "last_line": .integer(batch.lines.upperBound), "created": .integer(counts.created),
                            "updated": .integer(counts.updated),
                        ]).json))
                return counts
            }
            report.created += counts.created
            report.updated += counts.updated
        } catch StoreError.importRefused(let index, let code) {
            let line = batch.rows.indices.contains(index) ? batch.rows[index].line : batch.lines.lowerBound
            report.refuse(batch, [UserCSVReader.Mistake(line: line, message: code)])
        }
    }

    /// The users whom `filter` lets through, all unless it says otherwise, as CSV, part by part: nil at the end.
    package func exportCSV(
        of organization: String, _ filter: UserFilter = UserFilter(), by who: Administrator
    ) async throws -> @Sendable () async throws -> [UInt8]? {
        _ = try await base.organizations.settings(of: organization, by: who)
        let export = UserCSVExport(store: base.store, organization: organization, filter: filter)
        return { try await export.next() }
    }
}

/// What came of an import.
package struct UserImportReport: Sendable, Equatable {
    /// Rows, good and bad.
    package var read = 0
    package var created = 0
    package var updated = 0
    /// Rows of batches that weren't written.
    package var refused = 0
    /// Bad rows in all; the first of them are in `mistakes`.
    package var mistakeCount = 0
    package var mistakes: [UserCSVReader.Mistake] = []
    /// Why the rest of the file couldn't be read; nil: all of it was.
    package var stopped: String?
    /// How many of the bad rows are in `mistakes`, at most.
    var mistakesTold = UserService.mistakesTold

    package init() {}

    mutating func refuse(_ batch: UserCSVReader.Batch, _ found: [UserCSVReader.Mistake]) {
        refused += batch.rows.count + batch.mistakes.count
        mistakeCount += found.count
        mistakes += found.prefix(max(0, mistakesTold - mistakes.count))
    }
}

/// Reads the users page by page.
private actor UserCSVExport {
    private static let pageSize = 500

    private let store: any UserSearch
    private let organization: String
    private let filter: UserFilter
    private var cursor: String?
    private var hasBegun = false
    private var isAtEnd = false

    init(store: any UserSearch, organization: String, filter: UserFilter) {
        self.store = store
        self.organization = organization
        self.filter = filter
    }

    func next() async throws -> [UInt8]? {
        guard !isAtEnd else { return nil }
        var text = hasBegun ? "" : UserCSV.header
        hasBegun = true
        // Where few of many fit, a page may be empty and not the last.
        repeat { text += try await page() } while text.isEmpty && !isAtEnd
        return text.isEmpty ? nil : Array(text.utf8)
    }

    private func page() async throws -> String {
        let page = try await store.users(of: organization, filter, after: cursor, limit: Self.pageSize)
        cursor = page.next
        isAtEnd = page.next == nil
        return page.users.map(UserCSV.line).joined()
    }
}
