import Foundation
import GRDB
import IdentityCore
package import UserDirectory

/// A condition that leads to few users decides where to look, by its index; where none does, a window of users is
/// looked through in their order. So neither a common value nor a rare one costs in proportion to all users.
extension SQLiteStore: UserSearch {
    /// How many users a condition may lead to for all of them to be looked at.
    static let fewUsers = 2000
    /// How many users are looked through for one page.
    static let window = 20_000

    package func users(
        of organization: String, _ filter: UserFilter, after cursor: String?, limit: Int
    ) async throws -> UserPage {
        try await reading { database in
            try Self.requireOrganization(organization, database)
            let table = UserTable(database: database)
            let position = try table.position(of: cursor, organization: organization)
            let conditions = UserCondition.all(of: filter)
            for condition in conditions {
                guard let candidates = try condition.candidates(organization, database) else { continue }
                return try table.page(
                    among: candidates, conditions, organization: organization, after: position, limit: max(1, limit))
            }
            return try table.page(
                conditions, organization: organization, after: position, limit: max(1, limit),
                window: conditions.isEmpty ? nil : Self.window)
        }
    }
}

/// One condition of a filter, with the index that leads to the users who meet it.
struct UserCondition {
    var sql: String
    var arguments: StatementArguments
    /// Selects `seq` of everybody in an organization (`:organization`) who meets it, by index; nil: no index does.
    var search: (sql: String, arguments: StatementArguments)?

    static let status = "json_extract(profile, '$.status')"
    static let plan = "json_extract(profile, '$.company.plan')"
    static let revenue = "CAST(json_extract(profile, '$.company.mrr') AS REAL)"

    static func all(of filter: UserFilter) -> [UserCondition] {
        var conditions: [UserCondition] = []
        if let search = filter.search, !search.isEmpty { conditions.append(beginning(search)) }
        if filter.isBlocked == true { conditions.append(indexed("blocked_at IS NOT NULL", [:], by: "users_blocked")) }
        if filter.isBlocked == false { conditions.append(plain("blocked_at IS NULL", [:])) }
        if let role = filter.role {
            conditions.append(
                role == .user
                    ? plain("role = :role", ["role": role.rawValue])
                    : indexed("role <> 'user' AND role = :role", ["role": role.rawValue], by: "users_role"))
        }
        if let plan = filter.plan {
            conditions.append(
                indexed("\(Self.plan) IS NOT NULL AND \(Self.plan) = :plan", ["plan": plan], by: "users_plan"))
        }
        if let status = filter.status {
            conditions.append(
                indexed(
                    "\(Self.status) IS NOT NULL AND \(Self.status) = :status", ["status": status], by: "users_status"))
        }
        if filter.revenueFrom != nil || filter.revenueTo != nil {
            conditions.append(
                indexed(
                    "\(Self.revenue) IS NOT NULL AND \(Self.revenue) BETWEEN :least AND :most",
                    ["least": filter.revenueFrom ?? -.infinity, "most": filter.revenueTo ?? .infinity],
                    by: "users_revenue"))
        }
        if let company = filter.company {
            conditions.append(
                plain(
                    "json_extract(profile, '$.company.name') = :company OR json_extract(profile, '$.company.id') = :company",
                    ["company": company]))
        }
        if let owner = filter.owner {
            conditions.append(
                plain(
                    "json_extract(profile, '$.owner.id') = :owner OR json_extract(profile, '$.owner.email') = :owner",
                    ["owner": owner]))
        }
        if let segment = filter.segment {
            conditions.append(
                plain(
                    "EXISTS (SELECT 1 FROM json_each(profile, '$.segments') WHERE value = :segment)",
                    ["segment": segment]))
        }
        for (field, value) in filter.fields.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            let name = "field_" + field.rawValue.replacing(".", with: "_")
            conditions.append(
                plain("CAST(json_extract(profile, '$.\(field.rawValue)') AS TEXT) = :\(name)", [name: value]))
        }
        return conditions
    }

    /// The users by `seq`; nil where they are many, or where no index leads to them.
    func candidates(_ organization: String, _ database: Database) throws -> [Int64]? {
        guard let search else { return nil }
        let found = try Int64.fetchAll(
            database, sql: "\(search.sql) LIMIT \(SQLiteStore.fewUsers + 1)",
            arguments: search.arguments + ["organization": organization])
        return found.count <= SQLiteStore.fewUsers ? found : nil
    }

    private static func plain(_ sql: String, _ arguments: StatementArguments) -> UserCondition {
        UserCondition(sql: sql, arguments: arguments)
    }

    private static func indexed(_ sql: String, _ arguments: StatementArguments, by index: String) -> UserCondition {
        UserCondition(
            sql: sql, arguments: arguments,
            search: (
                "SELECT seq FROM users INDEXED BY \(index) WHERE organization = :organization AND \(sql)", arguments
            ))
    }

    private static func beginning(_ text: String) -> UserCondition {
        let folded = EmailFolding.fold(text)
        let arguments: StatementArguments = [
            "folded": folded, "foldedEnd": UserTable.end(of: folded), "exact": text,
            "exactEnd": UserTable.end(of: text),
        ]
        let ranges = [
            "email_folded >= :folded AND email_folded < :foldedEnd",
            "name_folded >= :folded AND name_folded < :foldedEnd",
            "external_id >= :exact AND external_id < :exactEnd",
        ]
        let byID = "id >= :exact AND id < :exactEnd"
        let searches =
            ranges.map { "SELECT seq FROM users WHERE organization = :organization AND \($0)" }
            + ["SELECT seq FROM users WHERE \(byID) AND +organization = :organization"]
        // Each search ends early by itself: what is many in one is many in all.
        let parts = searches.map { "SELECT seq FROM (\($0) LIMIT \(SQLiteStore.fewUsers + 1))" }
        return UserCondition(
            sql: (ranges + [byID]).map { "(\($0))" }.joined(separator: " OR "), arguments: arguments,
            search: ("SELECT seq FROM (\(parts.joined(separator: " UNION ")))", arguments))
    }
}

extension UserTable {
    /// The place of a cursor in the order of creation; 0: before everybody.
    func position(of cursor: String?, organization: String) throws -> Int64 {
        guard let cursor else { return 0 }
        guard !cursor.utf8.contains(0),
            let found = try Int64.fetchOne(database, sql: Self.position, arguments: [organization, cursor])
        else { throw StoreError.userUnknown(cursor) }
        return found
    }

    /// A page of those of `candidates` who meet all conditions.
    fileprivate func page(
        among candidates: [Int64], _ conditions: [UserCondition], organization: String, after position: Int64,
        limit: Int
    ) throws -> UserPage {
        let list = "[" + candidates.map(String.init).joined(separator: ",") + "]"
        let found = try matching(
            conditions, "seq IN (SELECT value FROM json_each(:candidates)) AND seq > :after",
            ["candidates": list, "after": position], organization: organization, limit: limit + 1)
        return UserPage(users: Array(found.prefix(limit)), next: found.count > limit ? found[limit - 1].id : nil)
    }

    /// A page of everybody who meets all conditions, of the next `window` users.
    fileprivate func page(
        _ conditions: [UserCondition], organization: String, after position: Int64, limit: Int, window: Int?
    ) throws -> UserPage {
        var end: (position: Int64, id: String)?
        if let window {
            end = try Row.fetchOne(
                database, sql: Self.windowEnd, arguments: [organization, position, window - 1]
            ).map { ($0[0], $0[1]) }
        }
        let found = try matching(
            conditions, "seq > :after AND seq <= :last", ["after": position, "last": end?.position ?? .max],
            organization: organization, limit: limit + 1)
        if found.count > limit { return UserPage(users: Array(found.prefix(limit)), next: found[limit - 1].id) }
        return UserPage(users: found, next: end?.id)
    }

    static let windowEnd = "SELECT seq, id FROM users WHERE organization = ? AND seq > ? ORDER BY seq LIMIT 1 OFFSET ?"

    private func matching(
        _ conditions: [UserCondition], _ place: String, _ arguments: StatementArguments, organization: String,
        limit: Int
    ) throws -> [DirectoryUser] {
        var arguments = arguments
        arguments += ["organization": organization, "limit": limit]
        for condition in conditions { arguments += condition.arguments }
        let others = conditions.map { " AND (\($0.sql))" }.joined()
        let rows = try Row.fetchCursor(
            database, sql: Self.matching(place + others), arguments: arguments)
        var users: [DirectoryUser] = []
        while let row = try rows.next() { users.append(try Self.user(row)) }
        return users
    }
}
