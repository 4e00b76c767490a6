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
    /// - Parameter isTrial: everything is read and nothing written.
    package func importCSV(
        into organization: String, isTrial: Bool, by who: Administrator, next: () async throws -> [UInt8]?
    ) async throws -> UserImportReport {
        try who.change(organization)
        _ = try await base.organizations.settings(of: organization, by: who)
        var reader = UserCSVReader(batchSize: Self.batchSize)
        var report = UserImportReport()
        do {
            while let bytes = try await next() {
                for batch in try reader.take(bytes) {
                    try await write(batch, to: organization, isTrial, &report, who)
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

    /// All users as CSV, part by part: nil at the end.
    package func exportCSV(
        of organization: String, by who: Administrator
    ) async throws -> @Sendable () async throws -> [UInt8]? {
        _ = try await base.organizations.settings(of: organization, by: who)
        let export = UserCSVExport(store: base.store, organization: organization)
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

    mutating func refuse(_ batch: UserCSVReader.Batch, _ found: [UserCSVReader.Mistake]) {
        refused += batch.rows.count + batch.mistakes.count
        mistakeCount += found.count
        mistakes += found.prefix(max(0, UserService.mistakesTold - mistakes.count))
    }
}

/// Reads the users page by page.
private actor UserCSVExport {
    private static let pageSize = 500

    private let store: any UserStore
    private let organization: String
    private var cursor: String?
    private var hasBegun = false
    private var isAtEnd = false

    init(store: any UserStore, organization: String) {
        self.store = store
        self.organization = organization
    }

    func next() async throws -> [UInt8]? {
        guard !isAtEnd else { return nil }
        let page = try await store.users(of: organization, search: nil, after: cursor, limit: Self.pageSize)
        isAtEnd = page.count < Self.pageSize
        cursor = page.last?.id
        defer { hasBegun = true }
        return Array(((hasBegun ? "" : UserCSV.header) + page.map(UserCSV.line).joined()).utf8)
    }
}
