import Foundation
import GRDB
import MessageAuthentication
package import UserDirectory

/// A SQLite file that this process alone has open, with the log's file beside it, as the source or the target of a
/// migration.
///
/// A transaction of both files may end in one and not in the other, where the process dies in between. Rows of the log are
/// therefore written so that they may be written again.
///
/// The lock is SQLite's own (`locking_mode=EXCLUSIVE`): a gateway that has the file open keeps this from being made, and
/// none can open it until this is gone. A process that dies lets go.
package struct SQLiteMigrationEnd: MigrationTarget {
    private let queue: DatabaseQueue
    /// Whether there is a log; a source needn't have one.
    private let hasLog: Bool
    package let identity: String

    /// Brings the file's tables up to date. Throws `masterKeyWrong` where its secrets are under another key,
    /// `MigrationRefusal.sourceInUse` where somebody else has it open, `unavailable` where it can't be used.
    ///
    /// - Parameter makesFile: what is missing is made, with mode 0600.
    package init(path: String, masterKey: MasterKey, makesFile: Bool) throws {
        if makesFile {
            try PrivateFiles.makeFolder(of: path)
            try PrivateFiles.makeFile(path)
        } else if !FileManager.default.fileExists(atPath: path) {
            throw StoreError.unavailable("there is no file \(path)")
        }
        do {
            let box = try SecretBox(masterKey: masterKey.bytes)
            queue = try DatabaseQueue(path: path, configuration: Self.configuration)
            try queue.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
                // The first transaction takes the lock for good.
                try database.inTransaction(.exclusive) { .commit }
            }
            guard try !queue.read(Schema.migrator.hasBeenSuperseded) else {
                throw StoreError.unavailable("\(path) was written by a newer release")
            }
            try Schema.migrator.migrate(queue)
            hasLog = try Self.attachLog(beside: path, makesFile: makesFile, queue)
            let sealed = try queue.write { database in
                try KeyCheck(box: box).pass(database)
                return try Data.fetchOne(database, sql: "SELECT value FROM meta WHERE key = 'key_check'")
            }
            // Sealed with a random nonce: no two are the same.
            identity = Hexadecimal.text(SHA256Digest.of(Array(sealed ?? Data())))
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
            throw MigrationRefusal.sourceInUse("\(path) is in use")
        } catch let error as DatabaseError {
            throw SQLiteStore.unavailable(error)
        }
    }

    /// Returns whether there is one.
    private static func attachLog(beside path: String, makesFile: Bool, _ queue: DatabaseQueue) throws -> Bool {
        let path = SQLiteTelemetry.path(beside: path)
        guard makesFile || FileManager.default.fileExists(atPath: path) else { return false }
        // Makes what is missing, and is closed again.
        _ = try SQLiteTelemetry(path: path)
        try queue.writeWithoutTransaction { try $0.execute(sql: "ATTACH DATABASE ? AS log", arguments: [path]) }
        return true
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(2)
        configuration.label = "widget-gateway"
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA locking_mode = EXCLUSIVE") }
        return configuration
    }

    /// Whether it is the target of a migration that isn't finished.
    package func isUnfinished() throws -> Bool { try progress() != nil }

    // MARK: Reading

    package func counters() throws -> StorageCounters {
        try queue.read { database in
            StorageCounters(
                generation: try Int64.fetchOne(database, sql: "SELECT value FROM meta WHERE key = 'generation'") ?? 0,
                lastUser: try Int64.fetchOne(database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'users'") ?? 0
            )
        }
    }

    package func count(_ table: StoredTable) throws -> Int {
        guard let place = place(of: table) else { return 0 }
        return try queue.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM \(place)") ?? 0 }
    }

    package func forEachRow(
        of table: StoredTable, after key: [StoredValue]?, _ body: (StoredRow) throws -> Void
    ) throws {
        guard let place = place(of: table) else { return }
        let order = Self.list(table.key)
        let marks = table.key.map { _ in "?" }.joined(separator: ", ")
        try queue.read { database in
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT \(Self.list(table.columns[...])) FROM \(place)
                    \(key == nil ? "" : "WHERE (\(order)) > (\(marks))") ORDER BY \(order)
                    """,
                arguments: StatementArguments((key ?? []).map(\.databaseValue)))
            while let row = try rows.next() {
                try body(table.columns.indices.map { StoredValue(row, at: $0, table.columns[$0].kind) })
            }
        }
    }

    // MARK: Writing

    package func progress() throws -> MigrationProgress? {
        try queue.read { database in
            guard try database.tableExists(StoredTable.progressTable) else { return nil }
            return try Self.progress(database)
        }
    }

    private static func progress(_ database: Database) throws -> MigrationProgress? {
        try Data.fetchOne(database, sql: "SELECT progress FROM \(StoredTable.progressTable)")
            .map { try JSONDecoder().decode(MigrationProgress.self, from: $0) }
    }

    package func begin(_ progress: MigrationProgress) throws {
        try queue.write { database in
            for table in StoredTable.all {
                guard let place = place(of: table) else { continue }
                guard try Row.fetchOne(database, sql: "SELECT 1 FROM \(place) LIMIT 1") == nil else {
                    throw MigrationRefusal.targetNotEmpty(table: table.name)
                }
            }
            try database.execute(sql: "CREATE TABLE \(StoredTable.progressTable) (progress BLOB NOT NULL) STRICT")
            try database.execute(
                sql: "INSERT INTO \(StoredTable.progressTable) VALUES (?)",
                arguments: [try JSONEncoder().encode(progress)])
        }
    }

    package func append(
        _ rows: [StoredRow], to table: StoredTable, from earlier: MigrationProgress, to progress: MigrationProgress
    ) throws {
        guard let place = place(of: table) else { return }
        let marks = table.columns.map { _ in "?" }.joined(separator: ", ")
        let verb = StoredTable.log.contains(table) ? "INSERT OR REPLACE" : "INSERT"
        let sql = "\(verb) INTO \(place) (\(Self.list(table.columns[...]))) VALUES (\(marks))"
        try queue.write { database in
            guard try Self.progress(database) == earlier else { throw MigrationRefusal.targetTaken }
            let statement = try database.cachedStatement(sql: sql)
            for row in rows { try statement.execute(arguments: StatementArguments(row.map(\.databaseValue))) }
            try database.execute(
                sql: "UPDATE \(StoredTable.progressTable) SET progress = ?",
                arguments: [try JSONEncoder().encode(progress)])
        }
    }

    package func set(_ counters: StorageCounters) throws {
        try queue.write { database in
            try database.execute(
                sql: "UPDATE meta SET value = ? WHERE key = 'generation'", arguments: [counters.generation])
            try database.execute(sql: "DELETE FROM sqlite_sequence WHERE name = 'users'")
            try database.execute(
                sql: "INSERT INTO sqlite_sequence (name, seq) VALUES ('users', ?)", arguments: [counters.lastUser])
        }
    }

    package func finish() throws { try queue.write { try $0.drop(table: StoredTable.progressTable) } }

    /// Nil: there is no such table, and so no row.
    private func place(of table: StoredTable) -> String? {
        guard StoredTable.log.contains(table) else { return "main.\"\(table.name)\"" }
        return hasLog ? "log.\"\(table.nameInLogFile)\"" : nil
    }

    private static func list(_ columns: ArraySlice<StoredTable.Column>) -> String {
        columns.map { "\"\($0.name)\"" }.joined(separator: ", ")
    }
}

extension StoredTable {
    /// What one of `StoredTable.log` is called in the file that has nothing else.
    var nameInLogFile: String { name == "log_refusals" ? "would_refuse" : String(name.dropFirst("log_".count)) }
}

extension StoredValue {
    fileprivate init(_ row: Row, at index: Int, _ kind: StoredTable.Kind) {
        guard !row.hasNull(atIndex: index) else {
            self = .null
            return
        }
        switch kind {
        case .text: self.init(text: row[index])
        case .integer: self = .integer(row[index])
        case .real: self = .real(row[index])
        case .boolean: self = .boolean(row[index])
        case .bytes:
            let data: Data = row[index]
            self = .bytes(Array(data))
        }
    }

    fileprivate var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .text(let text): text.databaseValue
        case .integer(let number): number.databaseValue
        case .real(let number): number.databaseValue
        case .boolean(let isTrue): isTrue.databaseValue
        case .bytes(let bytes): Data(bytes).databaseValue
        }
    }
}
