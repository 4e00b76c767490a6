import GRDB
import IdentityCore
package import UserDirectory

extension SQLiteStore {
    /// Users who are known and of whom nothing new is said are let in by a reader: no lock, no commit, no sync. From
    /// the first request that has something to write, the batch goes on in one writing transaction, which decides
    /// anew from what is there by then.
    package func admit(_ batch: [AdmissionRequest]) async -> [AdmissionOutcome] {
        var outcomes: [AdmissionOutcome] = []
        outcomes.reserveCapacity(batch.count)
        do {
            outcomes = try await pool.read { try batch[...].outcomesWithoutWriting(UserTable(database: $0)) }
            let rest = batch[outcomes.count...]
            guard !rest.isEmpty else { return outcomes }
            let moment = now()
            outcomes += try await pool.write { database in
                let table = UserTable(database: database)
                return try rest.map { try Self.admit($0, table, at: moment) }
            }
        } catch {
            // Locked for too long, read-only, full, gone: nothing of the transaction was written, and the next batch
            // tries again.
            outcomes += Array(repeating: .unavailable, count: batch.count - outcomes.count)
        }
        return outcomes
    }

    /// Decides one request within a writing transaction and writes what was decided.
    static func admit(
        _ request: AdmissionRequest, _ table: UserTable, at moment: Double
    ) throws -> AdmissionOutcome {
        var table = table
        do {
            return try table.admit(request, at: moment)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            // Only this statement was undone, so the others of the batch may go on.
            return error.extendedResultCode == .SQLITE_CONSTRAINT_FOREIGNKEY
                ? .refused(.organizationUnknown) : .unavailable
        }
    }
}
