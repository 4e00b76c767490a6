import Foundation
import GRDB
import UserDirectory

/// What rules would have refused, in one transaction.
struct RefusalTable {
    let database: Database

    static let find = """
        SELECT requests, users, examples FROM would_refuse
        WHERE organization = ? AND hour = ? AND rule = ? AND code = ? AND origin = ?
        """
    static let countOrigins = """
        SELECT COUNT(*) FROM would_refuse WHERE organization = ? AND hour = ? AND rule = ? AND code = ?
        """
    private static let put = """
        INSERT OR REPLACE INTO would_refuse (organization, hour, rule, code, origin, requests, users, examples)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """
    static let since = "SELECT * FROM would_refuse WHERE organization = ? AND hour >= ? ORDER BY hour DESC"
    static let naming = """
        SELECT hour, rule, code, origin, examples FROM would_refuse WHERE organization = ? AND instr(examples, ?) > 0
        """
    static let removeOld = """
        DELETE FROM would_refuse WHERE (organization, hour, rule, code, origin) IN (
            SELECT organization, hour, rule, code, origin FROM would_refuse WHERE hour < ? LIMIT ?
        )
        """

    func add(_ refusals: WouldBeRefusals, organization: String, hour: Int64) throws {
        var sum = refusals
        if try !merge(into: &sum, organization: organization, hour: hour),
            sum.origin != WouldBeRefusals.otherOrigins,
            try Int.fetchOne(
                database, sql: Self.countOrigins,
                arguments: [organization, hour, sum.rule.rawValue, sum.code]) ?? 0 >= WouldBeRefusals.maximumOrigins
        {
            sum.origin = WouldBeRefusals.otherOrigins
            _ = try merge(into: &sum, organization: organization, hour: hour)
        }
        try database.cachedStatement(sql: Self.put).execute(
            arguments: [
                organization, hour, sum.rule.rawValue, sum.code, sum.origin, sum.requests, Data(sum.users.bytes),
                try Self.text(sum.examples),
            ])
    }

    /// Reads the rows of an organization from an hour on, the newest first.
    func forEach(
        of organization: String, since: Int64, _ body: (WouldBeRefusals, _ hour: Double) -> Void
    ) throws {
        let rows = try Row.fetchCursor(database, sql: Self.since, arguments: [organization, since])
        while let row = try rows.next() {
            guard let rule = EnforcementRule(rawValue: row["rule"]) else { continue }
            body(Self.refusals(row, rule: rule, code: row["code"], origin: row["origin"]), row["hour"])
        }
    }

    /// Takes a user out of the examples.
    func forget(_ user: String, of organization: String) throws {
        for row in try Row.fetchAll(database, sql: Self.naming, arguments: [organization, user]) {
            let kept = Self.examples(row["examples"]).filter { $0.subject != user }
            try database.execute(
                sql: """
                    UPDATE would_refuse SET examples = ?
                    WHERE organization = ? AND hour = ? AND rule = ? AND code = ? AND origin = ?
                    """,
                arguments: [
                    try Self.text(kept), organization, row["hour"] as Int64, row["rule"] as String,
                    row["code"] as String, row["origin"] as String,
                ])
        }
    }

    /// Adds what is stored under the same key; false where there is nothing.
    private func merge(into sum: inout WouldBeRefusals, organization: String, hour: Int64) throws -> Bool {
        let row = try Row.fetchOne(
            database, sql: Self.find, arguments: [organization, hour, sum.rule.rawValue, sum.code, sum.origin])
        guard let row else { return false }
        var stored = Self.refusals(row, rule: sum.rule, code: sum.code, origin: sum.origin)
        stored.merge(sum)
        sum = stored
        return true
    }

    private static func refusals(_ row: Row, rule: EnforcementRule, code: String, origin: String) -> WouldBeRefusals {
        let users: Data = row["users"]
        return WouldBeRefusals(
            rule: rule, code: code, origin: origin, requests: row["requests"],
            users: DistinctCount(bytes: Array(users)) ?? DistinctCount(), examples: examples(row["examples"]))
    }

    private static func examples(_ text: String) -> [RefusalExample] {
        (try? JSONDecoder().decode([RefusalExample].self, from: Data(text.utf8))) ?? []
    }

    private static func text(_ examples: [RefusalExample]) throws -> String {
        String(decoding: try JSONEncoder().encode(examples), as: UTF8.self)
    }
}
