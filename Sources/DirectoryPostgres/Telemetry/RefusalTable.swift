import Foundation
import UserDirectory

/// What rules would have refused, in one transaction.
struct RefusalTable {
    struct Key: Hashable {
        var organization: String
        var hour: Int64
        var rule: EnforcementRule
        var code: String
        var origin: String
    }

    let connection: PostgresConnection

    private static let columns = "organization, hour, rule, code, origin, requests, users, examples"

    /// Adds to what is there; nobody else may do so before the transaction ends. Sketches of users merge, whichever
    /// gateway drew them.
    func add(_ parts: [(key: Key, refusals: WouldBeRefusals)]) throws {
        guard !parts.isEmpty else { return }
        var sums = try stored(parts.flatMap { [$0.key, $0.key.ofOtherOrigins] })
        var origins = try countOrigins(of: parts.map(\.key))
        var changed: Set<Key> = []
        for part in parts {
            var key = part.key
            if sums[key] == nil, key.origin != WouldBeRefusals.otherOrigins {
                let others = key.ofOtherOrigins
                if origins[others, default: 0] >= WouldBeRefusals.maximumOrigins {
                    key = others
                } else {
                    origins[others, default: 0] += 1
                }
            }
            var sum = sums[key] ?? WouldBeRefusals(rule: key.rule, code: key.code, origin: key.origin)
            sum.merge(part.refusals)
            sums[key] = sum
            changed.insert(key)
        }
        try put(changed.compactMap { key in sums[key].map { (key, $0) } })
    }

    /// Reads the rows of an organization from an hour on, the newest first.
    func forEach(
        of organization: String, since: Int64, _ body: (WouldBeRefusals, _ hour: Double) -> Void
    ) throws {
        let rows = try connection.rows(
            "SELECT \(Self.columns) FROM log_refusals WHERE organization = $1 AND hour >= $2 ORDER BY hour DESC",
            [organization, since])
        for row in rows {
            guard let (key, refusals) = try Self.refusals(row) else { continue }
            body(refusals, Double(key.hour))
        }
    }

    /// Takes a user out of the examples.
    func forget(_ user: String, of organization: String) throws {
        try connection.lock(PostgresStore.Lock.figures)
        let rows = try connection.rows(
            "SELECT \(Self.columns) FROM log_refusals WHERE organization = $1 AND strpos(examples, $2) > 0",
            [organization, user])
        try put(
            rows.compactMap { row in
                guard let (key, known) = try Self.refusals(row) else { return nil }
                var refusals = known
                refusals.examples.removeAll { $0.subject == user }
                return (key, refusals)
            })
    }

    private func stored(_ keys: [Key]) throws -> [Key: WouldBeRefusals] {
        let rows = try connection.rows(
            """
            SELECT \(Self.columns) FROM log_refusals WHERE (organization, hour, rule, code, origin) IN (
                SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[])
            )
            """, Self.parameters(keys))
        return try rows.reduce(into: [:]) { found, row in
            if let (key, refusals) = try Self.refusals(row) { found[key] = refusals }
        }
    }

    /// How many origins each reason and hour has, under the key of those that aren't told apart.
    private func countOrigins(of keys: [Key]) throws -> [Key: Int] {
        let keys = Array(Set(keys.map(\.ofOtherOrigins)))
        let rows = try connection.rows(
            """
            SELECT organization, hour, rule, code, count(*) FROM log_refusals
            WHERE (organization, hour, rule, code) IN (
                SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[])
            )
            GROUP BY organization, hour, rule, code
            """, Array(Self.parameters(keys).prefix(4)))
        return try rows.reduce(into: [:]) { counts, row in
            guard let rule = EnforcementRule(rawValue: try row.text(2)) else { return }
            let key = Key(
                organization: try row.text(0), hour: try row.integer(1), rule: rule, code: try row.text(3),
                origin: WouldBeRefusals.otherOrigins)
            counts[key] = Int(try row.integer(4))
        }
    }

    private func put(_ sums: [(Key, WouldBeRefusals)]) throws {
        guard !sums.isEmpty else { return }
        try connection.run(
            """
            INSERT INTO log_refusals (\(Self.columns))
            SELECT * FROM unnest(
                $1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bytea[], $8::text[]
            )
            ON CONFLICT (organization, hour, rule, code, origin)
                DO UPDATE SET requests = excluded.requests, users = excluded.users, examples = excluded.examples
            """,
            Self.parameters(sums.map(\.0)) + [
                Texts(sums.map { String($0.1.requests) }),
                Texts(sums.map { PostgresValue.bytes($0.1.users.bytes).encoded }),
                Texts(try sums.map { String(decoding: try JSONEncoder().encode($0.1.examples), as: UTF8.self) }),
            ])
    }

    private static func parameters(_ keys: [Key]) -> [(any PostgresConvertible)?] {
        [
            Texts(keys.map(\.organization)), Texts(keys.map { String($0.hour) }), Texts(keys.map(\.rule.rawValue)),
            Texts(keys.map(\.code)), Texts(keys.map(\.origin)),
        ]
    }

    /// Nil for a rule that a later release added.
    private static func refusals(_ row: PostgresRow) throws -> (Key, WouldBeRefusals)? {
        guard let rule = EnforcementRule(rawValue: try row.text(2)) else { return nil }
        let key = Key(
            organization: try row.text(0), hour: try row.integer(1), rule: rule, code: try row.text(3),
            origin: try row.text(4))
        let examples = try? JSONDecoder().decode([RefusalExample].self, from: Data(try row.text(7).utf8))
        return (
            key,
            WouldBeRefusals(
                rule: rule, code: key.code, origin: key.origin, requests: Int(try row.integer(5)),
                users: DistinctCount(bytes: try row.bytes(6)) ?? DistinctCount(), examples: examples ?? [])
        )
    }
}

extension RefusalTable.Key {
    var ofOtherOrigins: RefusalTable.Key {
        var key = self
        key.origin = WouldBeRefusals.otherOrigins
        return key
    }
}
