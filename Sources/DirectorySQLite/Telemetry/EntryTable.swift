import GRDB
import IdentityCore
import UserDirectory

/// The rows of the token log in one transaction.
struct EntryTable {
    enum Position {
        case before(Int64?)
        case after(Int64)
    }

    let database: Database

    /// How far the order of rows may be from that of their times, in seconds: workers hand theirs over each second.
    private static let disorder = 60.0

    static let insert = """
        INSERT INTO entries (time, organization, class, code, warnings, user, key_id, address, origin, source, stands_for)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    static let shares = "SELECT organization, class, COUNT(*) AS rows FROM entries GROUP BY organization, class"
    static let removeOld = "DELETE FROM entries WHERE id IN (SELECT id FROM entries WHERE time < ? LIMIT ?)"
    static let removeOldest = """
        DELETE FROM entries WHERE id IN (
            SELECT id FROM entries WHERE organization = ? AND class = ? ORDER BY id LIMIT ?
        )
        """

    static func arguments(_ entry: TokenLogEntry) -> StatementArguments {
        [
            entry.time, entry.organization, EntryClass(code: entry.code).rawValue, entry.code,
            entry.warnings.joined(separator: ","), entry.user, entry.keyID, entry.address, entry.origin,
            entry.source.rawValue, entry.standsFor,
        ]
    }

    func rows(_ filter: TokenLogFilter, _ position: Position, limit: Int) throws -> [TokenLogEntry] {
        let query = try Self.query(filter, position, bounds: bounds(filter), limit: limit)
        return try Row.fetchAll(database, sql: query.sql, arguments: query.arguments).map(Self.entry)
    }

    /// The ids between which all rows of the filter's time must lie: times have an index, but rows come by id.
    private func bounds(_ filter: TokenLogFilter) throws -> (first: Int64?, last: Int64?) {
        var bounds: (first: Int64?, last: Int64?) = (nil, nil)
        if let since = filter.since {
            bounds.first = try Int64.fetchOne(
                database, sql: "SELECT id FROM entries WHERE time >= ? ORDER BY time LIMIT 1",
                arguments: [since - Self.disorder])
        }
        if let until = filter.until {
            bounds.last = try Int64.fetchOne(
                database, sql: "SELECT id FROM entries WHERE time < ? ORDER BY time DESC LIMIT 1",
                arguments: [until + Self.disorder])
        }
        return bounds
    }

    static func query(
        _ filter: TokenLogFilter, _ position: Position, bounds: (first: Int64?, last: Int64?), limit: Int
    ) -> (sql: String, arguments: StatementArguments) {
        var conditions: [String] = []
        var arguments = StatementArguments()
        func add(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
            guard let value else { return }
            conditions.append(condition)
            arguments += [value]
        }
        // The most telling condition has the index, and no other: the order is always that of ids.
        let index =
            if filter.user != nil { "entries_user" } else if filter.address != nil {
                "entries_address"
            } else if filter.organization == nil {
                ""
            } else if filter.code != nil {
                "entries_class"
            } else { "entries_organization" }
        add("user = ?", filter.user)
        add("address = ?", filter.address)
        add("organization = ?", filter.organization)
        if index == "entries_class" { add("class = ?", filter.code.map { EntryClass(code: $0).rawValue }) }
        add("code = ?", filter.code)
        if let accepted = filter.accepted { conditions.append("class \(accepted ? "=" : "<>") 0") }
        add("time >= ?", filter.since)
        add("time < ?", filter.until)
        add("id >= ?", bounds.first)
        add("id <= ?", bounds.last)
        add("instr(lower(origin), lower(?)) > 0", filter.originText)
        let order: String
        switch position {
        case .before(let cursor):
            add("id < ?", cursor)
            order = "DESC"
        case .after(let cursor):
            add("id > ?", cursor)
            order = "ASC"
        }
        let sql = """
            SELECT * FROM entries \(index.isEmpty ? "NOT INDEXED" : "INDEXED BY \(index)")
            \(conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND "))
            ORDER BY id \(order) LIMIT ?
            """
        arguments += [max(0, limit)]
        return (sql, arguments)
    }

    private static func entry(_ row: Row) -> TokenLogEntry {
        let warnings: String = row["warnings"]
        return TokenLogEntry(
            id: row["id"], time: row["time"], organization: row["organization"], code: row["code"],
            warnings: warnings.split(separator: ",").map(String.init), user: row["user"], keyID: row["key_id"],
            address: row["address"], origin: row["origin"],
            // A way that a later release added is still a row.
            source: TokenSource(rawValue: row["source"]) ?? .header, standsFor: row["stands_for"])
    }
}
