import Foundation
import MessageAuthentication
package import UserDirectory

/// A PostgreSQL database as the source or the target of a migration.
///
/// A source is read in one transaction, which locks its tables against writers.
package final class PostgresMigrationEnd: MigrationTarget {
    private let connection: PostgresConnection
    /// Whether one transaction lasts as long as this does.
    private let isSource: Bool
    package let identity: String

    /// Rows that are fetched at once.
    private static let batch = 2000

    /// Brings the database's tables up to date. Throws `masterKeyWrong` where its secrets are under another key,
    /// `MigrationRefusal.sourceInUse` where gateways have a source open, `unavailable` where it can't be used.
    package init(address: String, masterKey: MasterKey, isSource: Bool) throws {
        self.isSource = isSource
        do {
            let box = try SecretBox(masterKey: masterKey.bytes)
            try Schema.migrate { try PostgresConnection(PostgresStore.withTimeouts(address)) }
            connection = try PostgresConnection(PostgresStore.withTimeouts(address))
            // To sort a table, or to count it, takes as long as it is.
            connection.patience = nil
            let sealed = try PostgresStore.transaction(connection, .write) { connection in
                try KeyCheck(box: box).pass(connection)
                return try connection.row("SELECT key_check FROM meta")?.bytes(0)
            }
            // Sealed with a random nonce: no two are the same.
            identity = Hexadecimal.text(SHA256Digest.of(sealed ?? []))
            if isSource { try Self.hold(connection) }
        } catch {
            throw Self.explained(error)
        }
    }

    /// Begins the transaction of a source: nobody writes until it ends.
    private static func hold(_ connection: PostgresConnection) throws {
        let others = try connection.row(
            """
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = 'widget-gateway' AND pid <> pg_backend_pid()
            """)
        guard try others?.integer(0) == 0 else { throw MigrationRefusal.sourceInUse("the database is in use") }
        try connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL lock_timeout = '5s'")
        let tables = StoredTable.all.map { "\"\($0.name)\"" } + ["meta"]
        try connection.execute("LOCK TABLE \(tables.joined(separator: ", ")) IN SHARE MODE")
    }

    // MARK: Reading

    package func counters() throws -> StorageCounters {
        try explaining {
            let users = try connection.row("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM users_seq")
            return StorageCounters(
                generation: try connection.row("SELECT generation FROM meta")?.integer(0) ?? 0,
                lastUser: try users?.integer(0) ?? 0)
        }
    }

    package func count(_ table: StoredTable) throws -> Int {
        try explaining { Int(try connection.row("SELECT count(*) FROM \"\(table.name)\"")?.integer(0) ?? 0) }
    }

    package func forEachRow(
        of table: StoredTable, after key: [StoredValue]?, _ body: (StoredRow) throws -> Void
    ) throws {
        try explaining {
            if !isSource { try connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") }
            let order = Self.list(table.key)
            let marks = table.key.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
            try connection.run(
                """
                DECLARE rows NO SCROLL CURSOR FOR SELECT \(Self.list(table.columns[...])) FROM "\(table.name)"
                \(key == nil ? "" : "WHERE (\(order)) > (\(marks))") ORDER BY \(order)
                """, key ?? [])
            while true {
                let rows = try connection.rows("FETCH \(Self.batch) FROM rows")
                for row in rows { try body(Self.values(of: row, table)) }
                if rows.count < Self.batch { break }
            }
            try connection.execute(isSource ? "CLOSE rows" : "COMMIT")
        }
    }

    private static func values(of row: PostgresRow, _ table: StoredTable) throws -> StoredRow {
        try table.columns.enumerated().map { index, column in
            guard let text = row.textIfAny(index) else { return .null }
            return switch column.kind {
            case .text: .text(text)
            case .integer: .integer(try row.integer(index))
            case .real: .real(try row.double(index))
            case .boolean: .boolean(try row.bool(index))
            case .bytes: .bytes(try row.bytes(index))
            }
        }
    }

    // MARK: Writing

    package func progress() throws -> MigrationProgress? {
        try explaining {
            guard try connection.hasTable(StoredTable.progressTable) else { return nil }
            return try noted("")
        }
    }

    private func noted(_ lock: String) throws -> MigrationProgress? {
        try connection.row("SELECT progress FROM \(StoredTable.progressTable) \(lock)")
            .map { try JSONDecoder().decode(MigrationProgress.self, from: Data(try $0.text(0).utf8)) }
    }

    package func begin(_ progress: MigrationProgress) throws {
        try transaction(.administer) {
            for table in StoredTable.all {
                guard try connection.row("SELECT 1 FROM \"\(table.name)\" LIMIT 1") == nil else {
                    throw MigrationRefusal.targetNotEmpty(table: table.name)
                }
            }
            try connection.execute("CREATE TABLE \(StoredTable.progressTable) (progress TEXT NOT NULL)")
            try connection.run(
                "INSERT INTO \(StoredTable.progressTable) VALUES ($1)", [try Self.json(progress)])
        }
    }

    package func append(
        _ rows: [StoredRow], to table: StoredTable, from earlier: MigrationProgress, to progress: MigrationProgress
    ) throws {
        try transaction(.write) {
            // A server that hasn't noticed yet that an earlier attempt is dead still holds this row.
            guard try noted("FOR UPDATE") == earlier else { throw MigrationRefusal.targetTaken }
            let isUsers = table == StoredTable.users
            try connection.copy(
                "\"\(table.name)\" (\(Self.list(table.columns[...]))\(isUsers ? ", facts" : ""))",
                rows: rows.map { $0.map(\.postgresValue) + (isUsers ? [.text(try Self.facts(of: $0))] : []) })
            try connection.run(
                "UPDATE \(StoredTable.progressTable) SET progress = $1", [try Self.json(progress)])
        }
    }

    /// What filters ask of the profile in a row of users.
    private static func facts(of row: StoredRow) throws -> String {
        guard let place = StoredTable.users.columns.firstIndex(where: { $0.name == "profile" }),
            case .text(let profile) = row[place]
        else { throw PostgresFailure(message: "a user has no profile") }
        return try UserTable.facts(ofProfile: profile)
    }

    package func set(_ counters: StorageCounters) throws {
        try transaction(.administer) {
            try connection.run("UPDATE meta SET generation = $1", [counters.generation])
            try connection.run(
                "SELECT setval('users_seq', greatest($1::bigint, 1), $1::bigint > 0)", [counters.lastUser])
        }
    }

    package func finish() throws {
        try transaction(.administer) {
            try connection.execute("DROP TABLE \(StoredTable.progressTable)")
            for table in ["log_entries", "log_alerts"] {
                try connection.run(
                    """
                    SELECT setval(pg_get_serial_sequence('\(table)', 'id'), max(id)) FROM \(table)
                    HAVING max(id) IS NOT NULL
                    """)
            }
            let large = ["users", "sessions", "used_tokens", "audit"] + StoredTable.log.map(\.name)
            try connection.execute("ANALYZE \(large.joined(separator: ", "))")
        }
    }

    private func transaction(_ kind: PostgresStore.TransactionKind, _ body: () throws -> Void) throws {
        try explaining {
            try PostgresStore.transaction(connection, kind) { connection in
                // Many rows, or many users to read for statistics, may take their time.
                try connection.execute("SET LOCAL statement_timeout = 0")
                try body()
            }
        }
    }

    private func explaining<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch { throw Self.explained(error) }
    }

    private static func explained(_ error: any Error) -> any Error {
        error is PostgresFailure ? PostgresStore.storeError(error) : error
    }

    private static func json(_ progress: MigrationProgress) throws -> String {
        String(decoding: try JSONEncoder().encode(progress), as: UTF8.self)
    }

    private static func list(_ columns: ArraySlice<StoredTable.Column>) -> String {
        columns.map { "\"\($0.name)\"" }.joined(separator: ", ")
    }
}

extension StoredValue: PostgresConvertible {
    var postgresValue: PostgresValue {
        switch self {
        case .null: .null
        case .text(let text): .text(text)
        case .integer(let number): .text(String(number))
        case .real(let number): number.postgresValue
        case .boolean(let isTrue): isTrue.postgresValue
        case .bytes(let bytes): .bytes(bytes)
        }
    }
}
