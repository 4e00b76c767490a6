package import UserDirectory

extension PostgresTelemetry {
    private struct Subject: Hashable {
        let organization: String
        let kind: AlertKind
        let subject: String
    }

    /// In three statements at most, however much was seen: a flood is when this matters.
    @discardableResult
    package func raise(_ sightings: [AlertSighting]) async throws -> [Alert] {
        guard !sightings.isEmpty else { return [] }
        return try await writing { connection in
            // What two gateways see of one subject is one alert.
            try connection.lock(PostgresStore.Lock.alerts)
            var latest = try Self.latest(of: sightings, connection)
            var changed: [Int64: Alert] = [:]
            var new: [Alert] = []
            /// Where a subject's alert is among the new ones.
            var places: [Subject: Int] = [:]
            for sighting in sightings {
                let subject = Subject(
                    organization: sighting.organization, kind: sighting.kind, subject: sighting.subject)
                if var alert = latest[subject], alert.lastSeen > sighting.firstSeen - Alert.quietSeconds {
                    alert.lastSeen = max(alert.lastSeen, sighting.lastSeen)
                    alert.count =
                        sighting.isTotal
                        ? max(alert.count, sighting.count) : alert.count + sighting.count
                    latest[subject] = alert
                    if let place = places[subject] { new[place] = alert } else { changed[alert.id] = alert }
                } else {
                    let alert = Alert(
                        id: 0, kind: sighting.kind, organization: sighting.organization, subject: sighting.subject,
                        firstSeen: sighting.firstSeen, lastSeen: sighting.lastSeen, count: sighting.count)
                    latest[subject] = alert
                    places[subject] = new.count
                    new.append(alert)
                }
            }
            try Self.update(Array(changed.values), connection)
            return try Self.insert(new, connection)
        }
    }

    package func alerts(of organization: String?, since: Double?, limit: Int) async throws -> [Alert] {
        try await reading { connection in
            var parameters: [(any PostgresConvertible)?] = [since ?? 0, max(0, limit)]
            if let organization { parameters.append(organization) }
            return try connection.rows(
                """
                SELECT id, kind, organization, subject, first_seen, last_seen, count FROM log_alerts
                WHERE last_seen >= $1::float8 \(organization == nil ? "" : "AND organization = $3")
                ORDER BY last_seen DESC, id DESC LIMIT $2
                """, parameters
            ).compactMap(Self.alert)
        }
    }

    @discardableResult
    package func trimAlerts(before moment: Double) async throws -> Int {
        try await removing {
            try $0.run(
                """
                DELETE FROM log_alerts WHERE id = ANY (ARRAY (
                    SELECT id FROM log_alerts WHERE last_seen < $1::float8 ORDER BY last_seen LIMIT $2
                ))
                """, [moment, Self.batch])
        }
    }

    package func counts(of questions: [SightingQuestion]) async throws -> [Int] {
        guard !questions.isEmpty else { return [] }
        return try await reading { connection in
            // By an address's latest rows: one that many share may have any number.
            let rows = try connection.rows(
                """
                SELECT CASE WHEN asked.code = $6 THEN count(DISTINCT recent."user") ELSE count(recent.id) END
                FROM unnest($1::text[], $2::text[], $3::text[], $4::float8[]) WITH ORDINALITY
                    AS asked (organization, address, code, since, place)
                LEFT JOIN LATERAL (
                    SELECT * FROM (
                        SELECT id, time, organization, code, "user" FROM log_entries AS entry
                        WHERE entry.address = asked.address ORDER BY id DESC LIMIT $5
                    ) AS latest
                    WHERE latest.organization = asked.organization AND latest.code = asked.code
                        AND latest.time >= asked.since
                ) AS recent ON true
                GROUP BY asked.place, asked.code ORDER BY asked.place
                """,
                [
                    Texts(questions.map(\.organization)), Texts(questions.map(\.address)),
                    Texts(questions.map(\.kind.code)), Texts(questions.map { String($0.since) }),
                    SightingQuestion.rows, AlertKind.manyUsers.code,
                ])
            return try rows.map { Int(try $0.integer(0)) }
        }
    }

    /// The latest alert of each subject that was seen.
    private static func latest(
        of sightings: [AlertSighting], _ connection: PostgresConnection
    ) throws -> [Subject: Alert] {
        let rows = try connection.rows(
            """
            SELECT latest.* FROM (
                SELECT DISTINCT * FROM unnest($1::text[], $2::text[], $3::text[])
            ) AS seen (organization, kind, subject)
            CROSS JOIN LATERAL (
                SELECT id, kind, organization, subject, first_seen, last_seen, count FROM log_alerts AS known
                WHERE known.organization = seen.organization AND known.kind = seen.kind
                    AND known.subject = seen.subject
                ORDER BY last_seen DESC LIMIT 1
            ) AS latest
            """,
            [
                Texts(sightings.map(\.organization)), Texts(sightings.map(\.kind.rawValue)),
                Texts(sightings.map(\.subject)),
            ])
        return try rows.compactMap(alert).reduce(into: [:]) {
            $0[Subject(organization: $1.organization, kind: $1.kind, subject: $1.subject)] = $1
        }
    }

    private static func update(_ alerts: [Alert], _ connection: PostgresConnection) throws {
        guard !alerts.isEmpty else { return }
        try connection.run(
            """
            UPDATE log_alerts SET last_seen = new.last_seen, count = new.count
            FROM unnest($1::bigint[], $2::float8[], $3::bigint[]) AS new (id, last_seen, count)
            WHERE log_alerts.id = new.id
            """,
            [
                Texts(alerts.map { String($0.id) }), Texts(alerts.map { String($0.lastSeen) }),
                Texts(alerts.map { String($0.count) }),
            ])
    }

    private static func insert(_ alerts: [Alert], _ connection: PostgresConnection) throws -> [Alert] {
        guard !alerts.isEmpty else { return [] }
        return try connection.rows(
            """
            INSERT INTO log_alerts (kind, organization, subject, first_seen, last_seen, count)
            SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::float8[], $5::float8[], $6::bigint[])
            RETURNING id, kind, organization, subject, first_seen, last_seen, count
            """,
            [
                Texts(alerts.map(\.kind.rawValue)), Texts(alerts.map(\.organization)), Texts(alerts.map(\.subject)),
                Texts(alerts.map { String($0.firstSeen) }), Texts(alerts.map { String($0.lastSeen) }),
                Texts(alerts.map { String($0.count) }),
            ]
        ).compactMap(alert)
    }

    /// Nil for a kind that a later release added.
    private static func alert(_ row: PostgresRow) throws -> Alert? {
        guard let kind = AlertKind(rawValue: try row.text(1)) else { return nil }
        return Alert(
            id: try row.integer(0), kind: kind, organization: try row.text(2), subject: try row.text(3),
            firstSeen: try row.double(4), lastSeen: try row.double(5), count: Int(try row.integer(6)))
    }
}
