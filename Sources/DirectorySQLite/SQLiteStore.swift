import Foundation
import GRDB
import MessageAuthentication
package import UserDirectory

/// Users, organizations and secrets in one SQLite file.
///
/// The gateway and the command line share the file: write-ahead log, so that readers never wait; `synchronous=FULL`,
/// so that what is acknowledged outlives a power cut; a writer that meets another waits for it.
package final class SQLiteStore: UserDirectory, OrganizationStore, UserStore, Sendable {
    let pool: DatabasePool
    let box: SecretBox
    /// Seconds since 1970.
    let now: @Sendable () -> Double

    /// Opens the file, made with mode 0600 in a folder of mode 0700 where there is none, and brings its tables up to
    /// date. Of several processes that do this at once, all succeed.
    ///
    /// Throws `masterKeyWrong` where secrets are stored under another key, `unavailable` where the file can't be used.
    package convenience init(path: String, masterKey: MasterKey) throws(StoreError) {
        try self.init(path: path, masterKey: masterKey, now: { Date().timeIntervalSince1970 })
    }

    /// The same with a clock of the caller's; a writer waits `busyTimeout` seconds for another process's transaction.
    package init(
        path: String, masterKey: MasterKey, now: @escaping @Sendable () -> Double, busyTimeout: Double = 5
    ) throws(StoreError) {
        let box: SecretBox
        do { box = try SecretBox(masterKey: masterKey.bytes) } catch { throw .masterKeyInvalid("no usable master key") }
        try PrivateFiles.makeFolder(of: path)
        // One process at a time: two that turn on the write-ahead log or migrate at once would fail.
        pool = try FolderLock.holding(folderOf: path) { () throws(StoreError) in try Self.open(path, box, busyTimeout) }
        self.box = box
        self.now = now
    }

    private static func open(_ path: String, _ box: SecretBox, _ busyTimeout: Double) throws(StoreError) -> DatabasePool
    {
        try PrivateFiles.makeFile(path)
        do {
            let pool = try DatabasePool(path: path, configuration: configuration(busyTimeout))
            // The pool asks for NORMAL when it turns on the log; acknowledged has to mean synced.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            guard try !pool.read(Schema.migrator.hasBeenSuperseded) else {
                throw StoreError.unavailable("\(path) was written by a newer release")
            }
            guard try !pool.read({ try $0.tableExists(StoredTable.progressTable) }) else {
                throw StoreError.migrationUnfinished
            }
            try Schema.migrator.migrate(pool)
            try pool.write { try KeyCheck(box: box).pass($0) }
            PrivateFiles.syncFolder(of: path)
            return pool
        } catch let error as StoreError {
            throw error
        } catch {
            throw unavailable(error)
        }
    }

    /// Whether the store at `path` holds anything encrypted, so that its master key must exist: pass the opposite as
    /// `createIfMissing` of `MasterKey.load`.
    package static func holdsSecrets(path: String) throws(StoreError) -> Bool {
        guard FileManager.default.fileExists(atPath: path) else { return false }
        do {
            return try DatabaseQueue(path: path, configuration: configuration(5)).read { database in
                guard try database.tableExists("secrets") else { return false }
                return try KeyCheck.isNeeded(database)
            }
        } catch {
            throw unavailable(error)
        }
    }

    private static func configuration(_ busyTimeout: Double) -> Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(busyTimeout)
        // A higher one is refused to whoever isn't root, with a line in the system's log for each thread.
        configuration.qos = .default
        configuration.label = "widget-gateway"
        return configuration
    }

    /// A reading transaction; errors are `StoreError`s.
    func reading<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do { return try await pool.read(body) } catch { throw Self.explained(error) }
    }

    /// A writing transaction: all of it or nothing; errors are `StoreError`s.
    func writing<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do { return try await pool.write(body) } catch { throw Self.explained(error) }
    }

    private static func explained(_ error: any Error) -> any Error {
        error is DatabaseError ? unavailable(error) : error
    }

    /// SQLite's own words without the statement and its arguments, which may hold somebody's data.
    static func unavailable(_ error: any Error) -> StoreError {
        guard let error = error as? DatabaseError else { return .unavailable("the file can't be opened") }
        return .unavailable("\(error.message ?? "SQLite failed") (code \(error.extendedResultCode.rawValue))")
    }
}

extension Database {
    /// The number that goes up with each change by an operator, in the same transaction as the change; `organization`
    /// is the one whose identities the change concerns, nil where it concerns nobody's.
    func bumpGeneration(of organization: String?) throws {
        try execute(sql: "UPDATE meta SET value = value + 1 WHERE key = 'generation'")
        guard let organization else { return }
        try execute(sql: Self.raiseOrganizationGeneration, arguments: [organization])
    }

    static let raiseOrganizationGeneration = """
        UPDATE organizations SET generation = (SELECT value FROM meta WHERE key = 'generation') WHERE id = ?
        """
}
