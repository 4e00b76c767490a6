package import UserDirectory

extension PostgresTelemetry {
    package func add(_ figures: [HourlyFigures]) async throws {
        guard !figures.isEmpty else { return }
        try await writing { connection in
            // Gateways add one after the other: what they have in common is read, merged and written.
            try connection.lock(PostgresStore.Lock.figures)
            try Self.addTraffic(figures, connection)
            try Self.addOutcomes(figures, connection)
            try RefusalTable(connection: connection).add(
                figures.flatMap { part in
                    part.refusals.map { refusals in
                        (
                            RefusalTable.Key(
                                organization: part.organization, hour: Int64(part.hour), rule: refusals.rule,
                                code: refusals.code, origin: refusals.origin), refusals
                        )
                    }
                })
        }
    }

    package func enforcementReport(of organization: String, now: Double) async throws -> EnforcementReport {
        try await reading { connection in
            var windows = ReportWindow.ofReport(at: now)
            let since = Int64(windows[2].since)
            let traffic = try connection.rows(
                """
                SELECT hour, requests, identified, tokens, user_hashes, admissions FROM log_traffic
                WHERE organization = $1 AND hour >= $2
                """, [organization, since])
            for row in traffic {
                let part = Traffic(
                    requests: Int(try row.integer(1)), identified: Int(try row.integer(2)),
                    tokens: Int(try row.integer(3)), userHashes: Int(try row.integer(4)),
                    admissions: Int(try row.integer(5)))
                let hour = try row.double(0)
                for index in windows.indices { windows[index].add(part, hour: hour) }
            }
            try RefusalTable(connection: connection).forEach(of: organization, since: since) { refusals, hour in
                for index in windows.indices { windows[index].add(refusals, hour: hour) }
            }
            return EnforcementReport(organization: organization, at: now, windows: windows)
        }
    }

    package func outcomes(of organization: String, since: Double, until: Double) async throws -> [HourlyOutcome] {
        try await reading { connection in
            try connection.rows(
                """
                SELECT hour, code, count FROM log_outcomes WHERE organization = $1 AND hour >= $2 AND hour < $3
                ORDER BY hour, code
                """, [organization, Int64(since.rounded(.up)), Int64(until.rounded(.up))]
            ).map { HourlyOutcome(hour: try $0.double(0), code: try $0.text(1), count: Int(try $0.integer(2))) }
        }
    }

    @discardableResult
    package func trimFigures(now: Double) async throws -> Int {
        let reasons = now - HourlyFigures.reasonDays * 86400
        let outcomes = now - HourlyFigures.outcomeDays * 86400
        return try await removing {
            try $0.removeHours("log_refusals", before: reasons)
        }
            + removing { try $0.removeHours("log_traffic", before: reasons) }
            + removing { try $0.removeHours("log_outcomes", before: outcomes) }
    }

    private static func addTraffic(_ figures: [HourlyFigures], _ connection: PostgresConnection) throws {
        let parts = figures.filter { $0.traffic != Traffic() }
        guard !parts.isEmpty else { return }
        func numbers(_ number: (Traffic) -> Int) -> Texts { Texts(parts.map { String(number($0.traffic)) }) }
        try connection.run(
            """
            INSERT INTO log_traffic AS known (
                organization, hour, requests, identified, tokens, user_hashes, admissions
            )
            SELECT organization, hour, sum(requests), sum(identified), sum(tokens), sum(user_hashes), sum(admissions)
            FROM unnest(
                $1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[]
            ) AS new (organization, hour, requests, identified, tokens, user_hashes, admissions)
            GROUP BY organization, hour
            ON CONFLICT (organization, hour) DO UPDATE SET requests = known.requests + excluded.requests,
                identified = known.identified + excluded.identified, tokens = known.tokens + excluded.tokens,
                user_hashes = known.user_hashes + excluded.user_hashes,
                admissions = known.admissions + excluded.admissions
            """,
            [
                Texts(parts.map(\.organization)), Texts(parts.map { String(Int64($0.hour)) }),
                numbers(\.requests), numbers(\.identified), numbers(\.tokens), numbers(\.userHashes),
                numbers(\.admissions),
            ])
    }

    private static func addOutcomes(_ figures: [HourlyFigures], _ connection: PostgresConnection) throws {
        let parts = figures.flatMap { part in
            part.outcomes.map { (organization: part.organization, hour: Int64(part.hour), code: $0, count: $1) }
        }
        guard !parts.isEmpty else { return }
        try connection.run(
            """
            INSERT INTO log_outcomes AS known (organization, hour, code, count)
            SELECT organization, hour, code, sum(count)
            FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[]) AS new (organization, hour, code, count)
            GROUP BY organization, hour, code
            ON CONFLICT (organization, hour, code) DO UPDATE SET count = known.count + excluded.count
            """,
            [
                Texts(parts.map(\.organization)), Texts(parts.map { String($0.hour) }), Texts(parts.map(\.code)),
                Texts(parts.map { String($0.count) }),
            ])
    }
}
