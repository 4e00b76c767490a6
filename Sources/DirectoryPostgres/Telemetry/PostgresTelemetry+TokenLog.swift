package import UserDirectory

extension PostgresTelemetry {
    package func append(_ entries: [TokenLogEntry], repeats: [TokenRepeats]) async throws {
        try await writing { connection in
            try EntryTable(connection: connection).append(entries)
            try Self.add(repeats, connection)
        }
    }

    package func tokenLog(
        _ filter: TokenLogFilter, before cursor: Int64?, limit: Int
    ) async throws -> [TokenLogEntry] {
        try await reading { try EntryTable(connection: $0).rows(filter, .before(cursor), limit: limit) }
    }

    package func tokenLog(_ filter: TokenLogFilter, after cursor: Int64, limit: Int) async throws -> [TokenLogEntry] {
        try await reading { try EntryTable(connection: $0).rows(filter, .after(cursor), limit: limit) }
    }

    package func newestTokenLogID() async throws -> Int64 {
        try await reading { try $0.row("SELECT coalesce(max(id), 0) FROM log_entries")?.integer(0) ?? 0 }
    }

    package func tokenRepeats(of organization: String, user: String, since: Double) async throws -> [TokenRepeats] {
        try await reading { connection in
            try connection.rows(
                """
                SELECT hour, count FROM log_repeats WHERE organization = $1 AND "user" = $2 AND hour >= $3
                ORDER BY hour DESC
                """, [organization, user, Int64(since)]
            ).map {
                TokenRepeats(
                    organization: organization, user: user, hour: try $0.double(0), count: Int(try $0.integer(1)))
            }
        }
    }

    @discardableResult
    package func trimTokenLog(to limits: TokenLogLimits, now: Double) async throws -> Int {
        let oldest = now - limits.days * 86400
        var removed = try await removing {
            try EntryTable(connection: $0).removeOld(before: oldest, limit: Self.batch)
        }
        removed += try await removing {
            try EntryTable(connection: $0).removeExcess(over: limits.rows, limit: Self.batch)
        }
        _ = try await removing { try $0.removeHours("log_repeats", before: oldest) }
        return removed
    }

    package func forgetTelemetry(of organization: String) async throws {
        try await writing { connection in
            for table in ["entries", "repeats", "traffic", "outcomes", "refusals", "alerts"] {
                try connection.run("DELETE FROM log_\(table) WHERE organization = $1", [organization])
            }
        }
    }

    package func forgetTelemetry(ofUser user: String, of organization: String) async throws {
        try await writing { connection in
            try connection.run(
                "UPDATE log_entries SET \"user\" = NULL, address = '' WHERE \"user\" = $1 AND organization = $2",
                [user, organization])
            try connection.run(
                "DELETE FROM log_repeats WHERE organization = $1 AND \"user\" = $2", [organization, user])
            try RefusalTable(connection: connection).forget(user, of: organization)
        }
    }

    private static func add(_ repeats: [TokenRepeats], _ connection: PostgresConnection) throws {
        guard !repeats.isEmpty else { return }
        // Each once, and in one order, so that two gateways don't wait for each other.
        try connection.run(
            """
            INSERT INTO log_repeats AS known (organization, "user", hour, count)
            SELECT organization, "user", hour, sum(count)
            FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) AS new (organization, "user", hour, count)
            GROUP BY organization, "user", hour ORDER BY organization, "user", hour
            ON CONFLICT (organization, "user", hour) DO UPDATE SET count = known.count + excluded.count
            """,
            [
                Texts(repeats.map(\.organization)), Texts(repeats.map(\.user)),
                Texts(repeats.map { String(Int64($0.hour)) }), Texts(repeats.map { String($0.count) }),
            ])
    }
}

extension PostgresConnection {
    /// Removes a batch of rows of hours before `moment`. Returns how many.
    ///
    /// By their places: a comparison of keys is planned as one with the whole table. A row that somebody writes anew
    /// meanwhile has another place, and goes the next time.
    func removeHours(_ table: String, before moment: Double) throws -> Int {
        try run(
            """
            DELETE FROM \(table) WHERE ctid = ANY (ARRAY (
                SELECT ctid FROM \(table) WHERE hour < $1::bigint ORDER BY hour LIMIT $2
            ))
            """, [Int64(moment), PostgresTelemetry.batch])
    }
}
