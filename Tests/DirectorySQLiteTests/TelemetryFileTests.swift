import Foundation
import GRDB
import Testing
import UserDirectory

@testable import DirectorySQLite

@Suite("Telemetry file") struct TelemetryFileTests {
    @Test(arguments: [
        ("data/widget-gateway.db", "data/widget-gateway-log.db"), ("/var/x.sqlite", "/var/x-log.sqlite"),
        ("store", "store-log.db"),
    ])
    func `it lies beside the directory's`(_ path: String, _ expected: String) {
        #expect(SQLiteTelemetry.path(beside: path) == expected)
    }

    @Test func `only its owner may open it`() throws {
        let folder = try Folder()
        _ = try SQLiteTelemetry(path: folder.path("log.db"))
        let attributes = try FileManager.default.attributesOfItem(atPath: folder.path("log.db"))
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    private static let filters: [(TokenLogFilter, String)] = [
        (TokenLogFilter(organization: "a"), "entries_organization"),
        (TokenLogFilter(organization: "a", code: "token_expired"), "entries_class"),
        (TokenLogFilter(organization: "a", user: "u"), "entries_user"),
        (TokenLogFilter(address: "1"), "entries_address"),
        (
            TokenLogFilter(organization: "a", accepted: true, since: 1, until: 2, originText: "x"),
            "entries_organization"
        ),
    ]

    @Test("A page of the log comes by its index, in its order", arguments: filters)
    func plans(_ filter: TokenLogFilter, _ index: String) async throws {
        for position in [EntryTable.Position.before(7), .after(7)] {
            let query = EntryTable.query(filter, position, bounds: (1, 9), limit: 10)
            let plan = try await plan(query.sql)
            #expect(plan.count == 1 && plan[0].hasPrefix("SEARCH entries USING INDEX \(index)"), "\(plan)")
        }
    }

    @Test(arguments: [
        EntryTable.removeOld, EntryTable.removeOldest, SQLiteTelemetry.repeats, SQLiteTelemetry.removeOldRepeats,
        SQLiteTelemetry.traffic, SQLiteTelemetry.outcomes, SQLiteTelemetry.removeOldTraffic,
        SQLiteTelemetry.removeOldOutcomes, SQLiteTelemetry.ongoing, SQLiteTelemetry.removeOldAlerts,
        RefusalTable.find, RefusalTable.countOrigins, RefusalTable.since, RefusalTable.removeOld,
    ])
    func `no statement reads a whole table`(_ sql: String) async throws {
        let plan = try await plan(sql)
        #expect(plan.contains { $0.hasPrefix("SEARCH") })
        #expect(!plan.contains { $0.hasPrefix("SCAN") }, "\(plan)")
    }

    @Test(arguments: [
        ([], 10, Int.max), ([5, 5], 10, Int.max), ([5, 6], 10, 5), ([1, 100], 10, 9), ([1, 2, 100, 100], 10, 3),
        ([10, 10, 10], 2, 0), ([4], 3, 3),
    ])
    func `what there is too little of is shared evenly`(_ wants: [Int], _ total: Int, _ quota: Int) {
        #expect(EvenShare.quota(of: wants, within: total) == quota)
        #expect(wants.reduce(0) { $0 + min($1, quota) } <= total)
    }

    private func plan(_ sql: String) async throws -> [String] {
        let folder = try Folder()
        return try await SQLiteTelemetry(path: folder.path("log.db")).pool.read { database in
            let statement = try database.makeStatement(sql: "EXPLAIN QUERY PLAN " + sql)
            statement.setUncheckedArguments(StatementArguments())
            return try Row.fetchAll(statement).map { $0["detail"] as String }
        }
    }
}
