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
        do {
            switch try request.decide(table) {
            case .refuse(let code):
                return .refused(code)
            case .keep(let user):
                return .admitted(user, created: false)
            case .update(var user, let roleChanged):
                user.updatedAt = moment
                try table.update(user)
                if roleChanged { try table.database.bumpGeneration(of: request.organization) }
                return .admitted(user, created: false)
            case .create(let profile, let unverified, let role):
                var user = DirectoryUser(id: DirectoryUser.newID(), profile: profile, createdAt: moment)
                user.unverified = unverified
                user.role = role
                try table.insert(user, organization: request.organization)
                return .admitted(user, created: true)
            }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
            // Only this statement was undone, so the others of the batch may go on.
            return error.extendedResultCode == .SQLITE_CONSTRAINT_FOREIGNKEY
                ? .refused(.organizationUnknown) : .unavailable
        }
    }
}
