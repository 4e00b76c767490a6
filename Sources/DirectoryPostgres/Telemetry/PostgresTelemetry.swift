package import UserDirectory

/// Token log, figures and alerts in the database that several gateways share, so that each shows what all have seen.
///
/// On connections of its own, so that a flood of rows never stands in an admission's way. Written without waiting for
/// the server's disk: a power cut may cost the last moments.
package final class PostgresTelemetry: TokenLogStore, ReportStore, AlertStore, SharedTokenLog, Sendable {
    /// Rows that one transaction removes at most.
    static let batch = 5000

    private let pool: PostgresPool
    private let watch = SchemaWatch(known: Schema.steps.count)

    /// Opens the database and brings its tables up to date. Throws `unavailable` where it can't be used.
    ///
    /// - Parameter address: `postgres://…`, as libpq documents it.
    package init(address: String, connections: Int = 2) throws(StoreError) {
        let address = PostgresStore.withTimeouts(address)
        pool = PostgresPool(address: address, connections: connections)
        do { try Schema.migrate { try PostgresConnection(address) } } catch { throw PostgresStore.storeError(error) }
    }

    func reading<Value: Sendable>(
        _ body: @escaping @Sendable (PostgresConnection) throws -> Value
    ) async throws -> Value { try await transaction(.read, body) }

    func writing<Value: Sendable>(
        _ body: @escaping @Sendable (PostgresConnection) throws -> Value
    ) async throws -> Value { try await transaction(.record, body) }

    /// Repeats a step that removes at most `batch` rows until there is nothing left for it to do: others get in between.
    /// One gateway at a time; who finds another at it leaves it to that.
    func removing(_ step: @escaping @Sendable (PostgresConnection) throws -> Int) async throws -> Int {
        var removed = 0
        while true {
            let last = try await writing { connection in
                let isAlone = try connection.row("SELECT pg_try_advisory_xact_lock(\(PostgresStore.Lock.trimming))")
                return try isAlone?.bool(0) == true ? step(connection) : 0
            }
            removed += last
            if last < Self.batch { return removed }
        }
    }

    private func transaction<Value: Sendable>(
        _ kind: PostgresStore.TransactionKind, _ body: @escaping @Sendable (PostgresConnection) throws -> Value
    ) async throws -> Value {
        do {
            return try await pool.perform { [watch] in try PostgresStore.transaction($0, kind, watch, body) }
        } catch is PostgresFailure {
            throw StoreError.unavailable("the database can't be used at the moment")
        }
    }
}

extension PostgresConnection {
    /// Waits until nobody else has the lock, and holds it until the transaction ends.
    func lock(_ key: Int) throws { try run("SELECT pg_advisory_xact_lock(\(key))") }
}
