import Foundation
import GRDB
package import UserDirectory

extension SQLiteTelemetry {
    package func add(_ figures: [HourlyFigures]) async throws {
        try await writing { database in
            for part in figures {
                let hour = Int64(part.hour)
                if part.traffic != Traffic() {
                    let traffic = part.traffic
                    try database.cachedStatement(sql: Self.addTraffic).execute(
                        arguments: [
                            part.organization, hour, traffic.requests, traffic.identified, traffic.tokens,
                            traffic.userHashes, traffic.admissions,
                        ])
                }
                for (code, count) in part.outcomes {
                    try database.cachedStatement(sql: Self.addOutcome).execute(
                        arguments: [part.organization, hour, code, count])
                }
                let table = RefusalTable(database: database)
                for refusals in part.refusals { try table.add(refusals, organization: part.organization, hour: hour) }
            }
        }
    }

    package func enforcementReport(of organization: String, now: Double) async throws -> EnforcementReport {
        try await reading { database in
            var windows = ReportWindow.ofReport(at: now)
            let since = Int64(windows[2].since)
            for row in try Row.fetchAll(database, sql: Self.traffic, arguments: [organization, since]) {
                let traffic = Traffic(
                    requests: row["requests"], identified: row["identified"], tokens: row["tokens"],
                    userHashes: row["user_hashes"], admissions: row["admissions"])
                for index in windows.indices { windows[index].add(traffic, hour: row["hour"]) }
            }
            try RefusalTable(database: database).forEach(of: organization, since: since) { refusals, hour in
                for index in windows.indices { windows[index].add(refusals, hour: hour) }
            }
            return EnforcementReport(organization: organization, at: now, windows: windows)
        }
    }

    package func outcomes(of organization: String, since: Double, until: Double) async throws -> [HourlyOutcome] {
        try await reading { database in
            try Row.fetchAll(
                database, sql: Self.outcomes,
                arguments: [organization, Int64(since.rounded(.up)), Int64(until.rounded(.up))]
            ).map { HourlyOutcome(hour: $0["hour"], code: $0["code"], count: $0["count"]) }
        }
    }

    @discardableResult
    package func trimFigures(now: Double) async throws -> Int {
        let batch = 500
        let reasons = Int64(now - HourlyFigures.reasonDays * 86400)
        let outcomes = Int64(now - HourlyFigures.outcomeDays * 86400)
        var removed = 0
        for (sql, before) in [
            (RefusalTable.removeOld, reasons), (Self.removeOldTraffic, reasons), (Self.removeOldOutcomes, outcomes),
        ] {
            removed += try await removing(batch) { database in
                try database.execute(sql: sql, arguments: [before, batch])
                return database.changesCount
            }
        }
        return removed
    }

    private static let addTraffic = """
        INSERT INTO traffic (organization, hour, requests, identified, tokens, user_hashes, admissions)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET requests = requests + excluded.requests, identified = identified + excluded.identified,
            tokens = tokens + excluded.tokens, user_hashes = user_hashes + excluded.user_hashes,
            admissions = admissions + excluded.admissions
        """
    private static let addOutcome = """
        INSERT INTO outcomes (organization, hour, code, count) VALUES (?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET count = count + excluded.count
        """
    static let traffic = "SELECT * FROM traffic WHERE organization = ? AND hour >= ?"
    static let outcomes = """
        SELECT hour, code, count FROM outcomes WHERE organization = ? AND hour >= ? AND hour < ? ORDER BY hour, code
        """
    static let removeOldTraffic = """
        DELETE FROM traffic WHERE (organization, hour) IN (
            SELECT organization, hour FROM traffic WHERE hour < ? LIMIT ?
        )
        """
    static let removeOldOutcomes = """
        DELETE FROM outcomes WHERE (organization, hour, code) IN (
            SELECT organization, hour, code FROM outcomes WHERE hour < ? LIMIT ?
        )
        """
}
