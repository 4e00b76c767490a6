import GRDB
package import UserDirectory

extension SQLiteTelemetry {
    package func append(_ entries: [TokenLogEntry], repeats: [TokenRepeats]) async throws {
        try await writing { database in
            let insertion = try database.cachedStatement(sql: EntryTable.insert)
            for entry in entries { try insertion.execute(arguments: EntryTable.arguments(entry)) }
            let addition = try database.cachedStatement(sql: Self.addRepeats)
            for repeated in repeats {
                try addition.execute(
                    arguments: [repeated.organization, repeated.user, Int64(repeated.hour), repeated.count])
            }
        }
    }

    package func tokenLog(
        _ filter: TokenLogFilter, before cursor: Int64?, limit: Int
    ) async throws -> [TokenLogEntry] {
        try await reading { try EntryTable(database: $0).rows(filter, .before(cursor), limit: limit) }
    }

    package func tokenLog(_ filter: TokenLogFilter, after cursor: Int64, limit: Int) async throws -> [TokenLogEntry] {
        try await reading { try EntryTable(database: $0).rows(filter, .after(cursor), limit: limit) }
    }

    package func newestTokenLogID() async throws -> Int64 {
        try await reading { try Int64.fetchOne($0, sql: "SELECT MAX(id) FROM entries") ?? 0 }
    }

    package func tokenRepeats(of organization: String, user: String, since: Double) async throws -> [TokenRepeats] {
        try await reading { database in
            try Row.fetchAll(database, sql: Self.repeats, arguments: [organization, user, Int64(since)]).map {
                TokenRepeats(organization: organization, user: user, hour: $0["hour"], count: $0["count"])
            }
        }
    }

    @discardableResult
    package func trimTokenLog(to limits: TokenLogLimits, now: Double) async throws -> Int {
        let batch = 500
        let oldest = now - limits.days * 86400
        var removed = try await removing(batch) { database in
            try database.execute(sql: EntryTable.removeOld, arguments: [oldest, batch])
            return database.changesCount
        }
        for excess in try await excess(over: limits.rows) {
            var left = excess.rows
            while left > 0 {
                let part = min(left, batch)
                let gone = try await writing { database in
                    try database.execute(
                        sql: EntryTable.removeOldest, arguments: [excess.organization, excess.entryClass, part])
                    return database.changesCount
                }
                removed += gone
                left -= part
            }
        }
        _ = try await removing(batch) { database in
            try database.execute(sql: Self.removeOldRepeats, arguments: [Int64(oldest), batch])
            return database.changesCount
        }
        return removed
    }

    package func forgetTelemetry(of organization: String) async throws {
        try await writing { database in
            for table in ["entries", "repeats", "traffic", "outcomes", "would_refuse", "alerts"] {
                try database.execute(sql: "DELETE FROM \(table) WHERE organization = ?", arguments: [organization])
            }
        }
    }

    package func forgetTelemetry(ofUser user: String, of organization: String) async throws {
        try await writing { database in
            try database.execute(
                sql: "UPDATE entries SET user = NULL, address = '' WHERE user = ? AND organization = ?",
                arguments: [user, organization])
            try database.execute(
                sql: "DELETE FROM repeats WHERE organization = ? AND user = ?", arguments: [organization, user])
            try RefusalTable(database: database).forget(user, of: organization)
        }
    }

    /// Who has more rows than would be everybody's even share, and how many more: the largest number of rows is found
    /// such that all of those who have fewer, and the others cut down to it, fit.
    private func excess(
        over rows: Int
    ) async throws -> [(organization: String, entryClass: Int, rows: Int)] {
        let shares = try await reading { database in
            try Row.fetchAll(database, sql: EntryTable.shares).map {
                (organization: $0["organization"] as String, entryClass: $0["class"] as Int, rows: $0["rows"] as Int)
            }
        }
        let quota = EvenShare.quota(of: shares.map(\.rows), within: rows)
        return shares.filter { $0.rows > quota }.map { ($0.organization, $0.entryClass, $0.rows - quota) }
    }

    private static let addRepeats = """
        INSERT INTO repeats (organization, user, hour, count) VALUES (?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET count = count + excluded.count
        """
    static let repeats = """
        SELECT hour, count FROM repeats WHERE organization = ? AND user = ? AND hour >= ? ORDER BY hour DESC
        """
    static let removeOldRepeats = """
        DELETE FROM repeats WHERE (organization, user, hour) IN (
            SELECT organization, user, hour FROM repeats WHERE hour < ? LIMIT ?
        )
        """
}
