import IdentityCore
package import UserDirectory

/// A condition that leads to few users decides where to look, by its index; where none does, a window of users is
/// looked through in their order. So neither a common value nor a rare one costs in proportion to all users.
extension PostgresStore: UserSearch {
    /// How many users a condition may lead to for all of them to be looked at.
    private static let fewUsers = 2000
    /// How many users are looked through for one page.
    private static let window = 20_000

    package func users(
        of organization: String, _ filter: UserFilter, after cursor: String?, limit: Int
    ) async throws -> UserPage {
        try await reading { connection in
            try connection.requireOrganization(organization)
            let table = UserTable(connection: connection)
            let position = try table.position(of: cursor, organization: organization)
            let limit = max(1, limit)
            let conditions = UserConditions(filter, organization: organization)
            for condition in conditions.indexed {
                guard let few = try Self.candidates(condition, conditions.parameters, connection) else { continue }
                let found = try conditions.users(
                    "seq = ANY (\(few))", after: position, limit: limit + 1, connection)
                return UserPage(
                    users: Array(found.prefix(limit)), next: found.count > limit ? found[limit - 1].id : nil)
            }
            var end: (position: Int64, id: String)?
            if !conditions.isEmpty {
                end = try connection.row(
                    "SELECT seq, id FROM users WHERE organization = $1 AND seq > $2 ORDER BY seq OFFSET $3 LIMIT 1",
                    [organization, position, Self.window - 1]
                ).map { (try $0.integer(0), try $0.text(1)) }
            }
            let found = try conditions.users(
                "seq <= \(end?.position ?? .max)", after: position, limit: limit + 1, connection)
            if found.count > limit { return UserPage(users: Array(found.prefix(limit)), next: found[limit - 1].id) }
            return UserPage(users: found, next: end?.id)
        }
    }

    /// An array literal of the users by `seq`; nil where they are many.
    private static func candidates(
        _ search: String, _ parameters: [(any PostgresConvertible)?], _ connection: PostgresConnection
    ) throws -> String? {
        let found = try connection.rows(
            "SELECT seq FROM (\(search)) AS found LIMIT \(fewUsers + 1)", parameters, areTexts: true
        ).map { try $0.integer(0) }
        guard found.count <= fewUsers else { return nil }
        return "'{\(found.map(String.init).joined(separator: ","))}'::bigint[]"
    }
}

/// A filter as SQL, with its parameters: `$1` is the organization.
private struct UserConditions {
    private var all: [String] = []
    /// Statements that select `seq` of everybody who meets one condition, by an index.
    private(set) var indexed: [String] = []
    private(set) var parameters: [(any PostgresConvertible)?]

    var isEmpty: Bool { all.isEmpty }

    init(_ filter: UserFilter, organization: String) {
        parameters = [organization]
        if let search = filter.search, !search.isEmpty { addBeginning(search) }
        if let isBlocked = filter.isBlocked {
            add(isBlocked ? "blocked_at IS NOT NULL" : "blocked_at IS NULL", byIndex: isBlocked)
        }
        if let role = filter.role {
            add((role == .user ? "" : "role <> 'user' AND ") + "role = \(bind(role.rawValue))", byIndex: role != .user)
        }
        for (name, value) in [("plan", filter.plan), ("status", filter.status)] {
            guard let value else { continue }
            add("facts->>'\(name)' IS NOT NULL AND facts->>'\(name)' = \(bind(value))", byIndex: true)
        }
        if filter.revenueFrom != nil || filter.revenueTo != nil {
            let least = bind(filter.revenueFrom ?? -.infinity)
            let most = bind(filter.revenueTo ?? .infinity)
            add(
                """
                facts->>'mrr' IS NOT NULL AND (facts->>'mrr')::float8 BETWEEN \(least)::float8 AND \(most)::float8
                """, byIndex: true)
        }
        addEither("company.name", "company.id", filter.company)
        addEither("owner.id", "owner.email", filter.owner)
        if let segment = filter.segment {
            add("facts->'segments' @> to_jsonb(ARRAY[\(bind(segment))::text])", byIndex: false)
        }
        for (field, value) in filter.fields.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            add("facts->>'\(field.rawValue)' = \(bind(value))", byIndex: false)
        }
    }

    /// Those who meet all conditions and `place`, after `position`, in order.
    func users(
        _ place: String, after position: Int64, limit: Int, _ connection: PostgresConnection
    ) throws -> [DirectoryUser] {
        let conditions = (["organization = $1", place, "seq > \(position)"] + all.map { "(\($0))" })
        return try connection.rows(
            """
            SELECT \(UserTable.columns) FROM users WHERE \(conditions.joined(separator: " AND "))
            ORDER BY seq LIMIT \(limit)
            """, parameters, areTexts: true
        ).map(UserTable.user)
    }

    private mutating func bind(_ value: any PostgresConvertible) -> String {
        parameters.append(value)
        return "$\(parameters.count)"
    }

    private mutating func add(_ condition: String, byIndex: Bool) {
        all.append(condition)
        if byIndex { indexed.append(selection(condition)) }
    }

    private mutating func addEither(_ first: String, _ second: String, _ value: String?) {
        guard let value else { return }
        let bound = bind(value)
        add("facts->>'\(first)' = \(bound) OR facts->>'\(second)' = \(bound)", byIndex: false)
    }

    private func selection(_ condition: String) -> String {
        "SELECT seq FROM users WHERE organization = $1 AND \(condition)"
    }

    private mutating func addBeginning(_ text: String) {
        let folded = EmailFolding.fold(text)
        let (least, most) = (bind(folded), bind(UserTable.end(of: folded)))
        let (exact, exactEnd) = (bind(text), bind(UserTable.end(of: text)))
        let ranges = [
            "email_folded >= \(least) AND email_folded < \(most)",
            "name_folded >= \(least) AND name_folded < \(most)",
            "external_id >= \(exact) AND external_id < \(exactEnd)",
            "id >= \(exact) AND id < \(exactEnd)",
        ]
        all.append(ranges.map { "(\($0))" }.joined(separator: " OR "))
        // Each ends early by itself: what is many in one is many in all.
        indexed.append(ranges.map { "(\(selection($0)) LIMIT 2001)" }.joined(separator: " UNION "))
    }
}
