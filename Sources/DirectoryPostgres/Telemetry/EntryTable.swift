import IdentityCore
import UserDirectory

/// The rows of the token log in one transaction.
struct EntryTable {
    enum Position {
        case before(Int64?)
        case after(Int64)
    }

    let connection: PostgresConnection

    private static let columns = """
        id, time, organization, class, code, warnings, "user", key_id, address, origin, source, stands_for
        """

    /// Gateways append one after the other: who has seen a number has seen all lower ones, and following the log misses
    /// no row.
    func append(_ entries: [TokenLogEntry]) throws {
        guard !entries.isEmpty else { return }
        try connection.lock(PostgresStore.Lock.tokenLog)
        try connection.run(
            """
            INSERT INTO log_entries (
                time, organization, class, code, warnings, "user", key_id, address, origin, source, stands_for
            )
            SELECT * FROM unnest(
                $1::float8[], $2::text[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                $9::text[], $10::text[], $11::bigint[]
            )
            """,
            [
                Texts(entries.map { String($0.time) }), Texts(entries.map(\.organization)),
                Texts(entries.map { String(EntryClass(code: $0.code).rawValue) }), Texts(entries.map(\.code)),
                Texts(entries.map { $0.warnings.joined(separator: ",") }), Texts(entries.map(\.user)),
                Texts(entries.map(\.keyID)), Texts(entries.map(\.address)), Texts(entries.map(\.origin)),
                Texts(entries.map(\.source.rawValue)), Texts(entries.map { String($0.standsFor) }),
            ])
    }

    func rows(_ filter: TokenLogFilter, _ position: Position, limit: Int) throws -> [TokenLogEntry] {
        let query = Self.query(filter, position, limit: limit)
        return try connection.rows(query.sql, query.parameters).map(Self.entry)
    }

    static func query(
        _ filter: TokenLogFilter, _ position: Position, limit: Int
    ) -> (sql: String, parameters: [(any PostgresConvertible)?]) {
        var conditions: [String] = []
        var parameters: [(any PostgresConvertible)?] = []
        func add(_ condition: (String) -> String, _ value: (any PostgresConvertible)?) {
            guard let value else { return }
            parameters.append(value)
            conditions.append(condition("$\(parameters.count)"))
        }
        add({ "\"user\" = \($0)" }, filter.user)
        add({ "address = \($0)" }, filter.address)
        add({ "organization = \($0)" }, filter.organization)
        // An index knows classes, which are few, and not codes.
        add({ "class = \($0)::int" }, filter.code.map { EntryClass(code: $0).rawValue })
        add({ "code = \($0)" }, filter.code)
        if let accepted = filter.accepted { conditions.append("class \(accepted ? "=" : "<>") 0") }
        add({ "time >= \($0)::float8" }, filter.since)
        add({ "time < \($0)::float8" }, filter.until)
        add({ "strpos(lower(origin), lower(\($0)::text)) > 0" }, filter.originText)
        let order: String
        switch position {
        case .before(let cursor):
            add({ "id < \($0)::bigint" }, cursor)
            order = "DESC"
        case .after(let cursor):
            add({ "id > \($0)::bigint" }, cursor)
            order = "ASC"
        }
        parameters.append(max(0, limit))
        let sql = """
            SELECT \(columns) FROM log_entries
            \(conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND "))
            ORDER BY id \(order) LIMIT $\(parameters.count)::bigint
            """
        return (sql, parameters)
    }

    /// Removes at most `limit` rows of before `moment`. Returns how many.
    func removeOld(before moment: Double, limit: Int) throws -> Int {
        try connection.run(
            """
            DELETE FROM log_entries WHERE id = ANY (ARRAY (
                SELECT id FROM log_entries WHERE time < $1::float8 ORDER BY time LIMIT $2
            ))
            """, [moment, limit])
    }

    /// Removes at most `limit` of the rows that there are over `rows`: of whoever has most, the oldest. Returns how many.
    func removeExcess(over rows: Int, limit: Int) throws -> Int {
        // Numbers are given out one by one, so this can't be too few.
        let most = try connection.row("SELECT coalesce(max(id) - min(id) + 1, 0) FROM log_entries")?.integer(0) ?? 0
        guard most > rows else { return 0 }
        let shares = try connection.rows(
            "SELECT organization, class, count(*) FROM log_entries GROUP BY organization, class"
        ).map { (organization: try $0.text(0), entryClass: try $0.integer(1), rows: Int(try $0.integer(2))) }
        let quota = EvenShare.quota(of: shares.map(\.rows), within: rows)
        var removed = 0
        for share in shares where share.rows > quota && removed < limit {
            removed += try connection.run(
                """
                DELETE FROM log_entries WHERE id = ANY (ARRAY (
                    SELECT id FROM log_entries WHERE organization = $1 AND class = $2::int ORDER BY id LIMIT $3
                ))
                """, [share.organization, share.entryClass, min(share.rows - quota, limit - removed)])
        }
        return removed
    }

    private static func entry(_ row: PostgresRow) throws -> TokenLogEntry {
        TokenLogEntry(
            id: try row.integer(0), time: try row.double(1), organization: try row.text(2), code: try row.text(4),
            warnings: try row.text(5).split(separator: ",").map(String.init), user: row.textIfAny(6),
            keyID: row.textIfAny(7), address: try row.text(8), origin: row.textIfAny(9),
            // A way that a later release added is still a row.
            source: TokenSource(rawValue: try row.text(10)) ?? .header, standsFor: Int(try row.integer(11)))
    }
}
