import Foundation
import GRDB
package import UserDirectory

/// Token log, figures and alerts in a file of their own beside the directory's, so that a flood of rows never stands
/// in an admission's way, and can be thrown away alone.
///
/// Written without waiting for the disk: a power cut may cost the last few seconds, never the file.
package final class SQLiteTelemetry: TokenLogStore, ReportStore, AlertStore, Sendable {
    let pool: DatabasePool

    /// Where the file is for a directory at `path`: `…/widget-gateway-log.db` beside `…/widget-gateway.db`.
    package static func path(beside path: String) -> String {
        let path = path as NSString
        return path.deletingPathExtension + "-log." + (path.pathExtension.isEmpty ? "db" : path.pathExtension)
    }

    /// Opens the file, made with mode 0600 where there is none. A writer waits `busyTimeout` seconds for another process's
    /// transaction. Throws `unavailable` where the file can't be used.
    package init(path: String, busyTimeout: Double = 5) throws(StoreError) {
        try PrivateFiles.makeFolder(of: path)
        pool = try FolderLock.holding(folderOf: path) { () throws(StoreError) in try Self.open(path, busyTimeout) }
    }

    private static func open(_ path: String, _ busyTimeout: Double) throws(StoreError) -> DatabasePool {
        try PrivateFiles.makeFile(path)
        var configuration = Configuration()
        configuration.busyMode = .timeout(busyTimeout)
        // A higher one is refused to whoever isn't root, with a line in the system's log for each thread.
        configuration.qos = .default
        configuration.label = "widget-gateway-log"
        do {
            let pool = try DatabasePool(path: path, configuration: configuration)
            guard try !pool.read(TelemetrySchema.migrator.hasBeenSuperseded) else {
                throw StoreError.unavailable("\(path) was written by a newer release")
            }
            try TelemetrySchema.migrator.migrate(pool)
            return pool
        } catch let error as StoreError {
            throw error
        } catch {
            throw unavailable(error)
        }
    }

    func reading<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do { return try await pool.read(body) } catch { throw Self.unavailable(error) }
    }

    func writing<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        do { return try await pool.write(body) } catch { throw Self.unavailable(error) }
    }

    /// Repeats a step that removes at most `batch` rows until there is nothing left for it to do: others get in between.
    func removing(_ batch: Int, _ step: @escaping @Sendable (Database) throws -> Int) async throws -> Int {
        var removed = 0
        var last = batch
        while last == batch {
            last = try await writing(step)
            removed += last
        }
        return removed
    }

    private static func unavailable(_ error: any Error) -> StoreError {
        guard let error = error as? DatabaseError else { return .unavailable("the log can't be opened") }
        return .unavailable("\(error.message ?? "SQLite failed") (code \(error.extendedResultCode.rawValue))")
    }
}
