import GRDB
package import UserDirectory

extension SQLiteTelemetry {
    @discardableResult
    package func raise(_ sightings: [AlertSighting]) async throws -> [Alert] {
        guard !sightings.isEmpty else { return [] }
        return try await writing { database in
            var raised: [Alert] = []
            for sighting in sightings {
                if let known = try Row.fetchOne(
                    database, sql: Self.ongoing,
                    arguments: [
                        sighting.organization, sighting.kind.rawValue, sighting.subject,
                        sighting.firstSeen - Alert.quietSeconds,
                    ])
                {
                    let count: Int = known["count"]
                    try database.execute(
                        sql: "UPDATE alerts SET last_seen = MAX(last_seen, ?), count = ? WHERE id = ?",
                        arguments: [
                            sighting.lastSeen,
                            sighting.isTotal ? max(count, sighting.count) : count + sighting.count,
                            known["id"] as Int64,
                        ])
                } else {
                    try database.execute(
                        sql: Self.insertAlert,
                        arguments: [
                            sighting.kind.rawValue, sighting.organization, sighting.subject, sighting.firstSeen,
                            sighting.lastSeen, sighting.count,
                        ])
                    raised.append(
                        Alert(
                            id: database.lastInsertedRowID, kind: sighting.kind, organization: sighting.organization,
                            subject: sighting.subject, firstSeen: sighting.firstSeen, lastSeen: sighting.lastSeen,
                            count: sighting.count))
                }
            }
            return raised
        }
    }

    package func alerts(of organization: String?, since: Double?, limit: Int) async throws -> [Alert] {
        try await reading { database in
            let condition = organization == nil ? "" : "organization = ? AND "
            var arguments: StatementArguments = organization.map { [$0] } ?? []
            arguments += [since ?? 0, max(0, limit)]
            return try Row.fetchAll(
                database,
                sql: "SELECT * FROM alerts WHERE \(condition)last_seen >= ? ORDER BY last_seen DESC, id DESC LIMIT ?",
                arguments: arguments
            ).compactMap { row in
                AlertKind(rawValue: row["kind"]).map {
                    Alert(
                        id: row["id"], kind: $0, organization: row["organization"], subject: row["subject"],
                        firstSeen: row["first_seen"], lastSeen: row["last_seen"], count: row["count"])
                }
            }
        }
    }

    @discardableResult
    package func trimAlerts(before moment: Double) async throws -> Int {
        let batch = 500
        return try await removing(batch) { database in
            try database.execute(sql: Self.removeOldAlerts, arguments: [moment, batch])
            return database.changesCount
        }
    }

    static let ongoing = """
        SELECT id, count FROM alerts WHERE organization = ? AND kind = ? AND subject = ? AND last_seen > ?
        ORDER BY last_seen DESC LIMIT 1
        """
    private static let insertAlert = """
        INSERT INTO alerts (kind, organization, subject, first_seen, last_seen, count) VALUES (?, ?, ?, ?, ?, ?)
        """
    static let removeOldAlerts = "DELETE FROM alerts WHERE id IN (SELECT id FROM alerts WHERE last_seen < ? LIMIT ?)"
}
