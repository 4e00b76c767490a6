import Foundation

/// An index that is made without keeping anybody from writing (`CREATE INDEX CONCURRENTLY`), which can't be in a
/// transaction. Begun again wherever it was broken off.
struct OnlineIndex {
    let name: String
    let table: String
    /// What follows the table's name: `(organization, role) WHERE …`.
    let definition: String

    func make(_ connection: PostgresConnection) throws {
        let parts = try connection.rows(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = $1::regclass ORDER BY 1", [table]
        ).map { try $0.text(0) }
        guard !parts.isEmpty else { return try make(name, on: table, connection) }
        // Of the whole, which holds no rows, at once; it counts when each part has its own.
        try betweenOthers("CREATE INDEX IF NOT EXISTS \(name) ON ONLY \(table) \(definition)", connection)
        for part in parts {
            try make("\(part)_\(name)", on: part, connection)
            try betweenOthers("ALTER INDEX \(name) ATTACH PARTITION \(part)_\(name)", connection)
        }
    }

    /// Runs a statement that takes no time, and needs a lock: tried again and again, so that nobody waits for long behind
    /// it while it waits.
    private func betweenOthers(_ statement: String, _ connection: PostgresConnection) throws {
        while true {
            do {
                try connection.execute("BEGIN; SET LOCAL lock_timeout = '100ms'; \(statement); COMMIT")
                return
            } catch let failure as PostgresFailure where failure.isWaitTooLong {
                try connection.execute("ROLLBACK")
                Thread.sleep(forTimeInterval: 0.2)
            }
        }
    }

    private func make(_ name: String, on table: String, _ connection: PostgresConnection) throws {
        // One that was broken off stays, and is of no use.
        if try connection.row(
            "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid", [name]) != nil
        {
            try connection.execute("DROP INDEX CONCURRENTLY \(name)")
        }
        try connection.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS \(name) ON \(table) \(definition)")
    }
}
