import GRDB
import UserDirectory

/// The audit log in one transaction.
struct AuditTable {
    let database: Database

    func insert(_ entry: AuditEntry) throws {
        try database.execute(
            sql: """
                INSERT INTO audit (at, actor_kind, actor, actor_name, address, action, organization, subject, before,
                    after)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                entry.at, entry.actor.kind.rawValue, entry.actor.id, entry.actor.name, entry.actor.address,
                entry.action, entry.organization, entry.subject, entry.before, entry.after,
            ])
    }

    func entries(_ filter: AuditFilter, before: Int64?, limit: Int) throws -> [AuditEntry] {
        var conditions = ["seq < ?"]
        var arguments: StatementArguments = [before ?? .max]
        func require(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
            guard let value else { return }
            conditions.append(condition)
            arguments += [value]
        }
        require("organization = ?", filter.organization)
        require("subject = ?", filter.subject)
        require("actor = ?", filter.actor)
        require("action = ?", filter.action)
        // Never to search by: the order of entries is that of their numbers.
        require("+at >= ?", filter.since)
        require("+at < ?", filter.until)
        let rows = try Row.fetchAll(
            database,
            sql: "SELECT * FROM audit WHERE \(conditions.joined(separator: " AND ")) ORDER BY seq DESC LIMIT ?",
            arguments: arguments + [limit])
        return rows.map(Self.entry)
    }

    private static func entry(_ row: Row) -> AuditEntry {
        let actor = AuditEntry.Actor(
            // A kind that a later release added was somebody's command all the same.
            kind: AuditEntry.Kind(rawValue: row["actor_kind"]) ?? .commandLine, id: row["actor"],
            name: row["actor_name"], address: row["address"])
        return AuditEntry(
            number: row["seq"], at: row["at"], actor: actor, action: row["action"], organization: row["organization"],
            subject: row["subject"], before: row["before"], after: row["after"])
    }
}
