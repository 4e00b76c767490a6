import IdentityCore
package import UserDirectory

extension PostgresStore {
    /// Users who are known and of whom nothing new is said are let in without a lock or a commit. From the first
    /// request that has something to write, the batch goes on in one writing transaction, which decides anew from what
    /// is there by then; however many users are new, they are written by one statement for each organization.
    package func admit(_ batch: [AdmissionRequest]) async -> [AdmissionOutcome] {
        var outcomes: [AdmissionOutcome] = []
        do {
            outcomes = try await reading { connection in
                try batch[...].outcomesWithoutWriting(
                    KnownUsers(batch.map { ($0.organization, $0.profile) }, isToWrite: false, connection))
            }
            let rest = batch[outcomes.count...]
            guard !rest.isEmpty else { return outcomes }
            let moment = now()
            outcomes += try await writing { connection in
                connection.lockUsers(of: rest.map(\.organization))
                return try Self.admit(rest, connection, at: moment)
            }
        } catch {
            // Nothing of the transaction was written, and the next batch tries again.
            outcomes += Array(repeating: .unavailable, count: batch.count - outcomes.count)
        }
        return outcomes
    }

    /// Decides requests, in order, while their organizations' users are locked, and writes what was decided.
    static func admit(
        _ batch: ArraySlice<AdmissionRequest>, _ connection: PostgresConnection, at moment: Double
    ) throws -> [AdmissionOutcome] {
        var users = try KnownUsers(batch.map { ($0.organization, $0.profile) }, isToWrite: true, connection)
        let outcomes = try batch.map { request in
            do {
                return try users.admit(request, at: moment)
            } catch StoreError.organizationUnknown {
                return AdmissionOutcome.refused(.organizationUnknown)
            }
        }
        try users.write(connection)
        return outcomes
    }

    /// Matches as admission does, by the organization's own settings. Throws `StoreError.importRefused` for the first
    /// profile that can't be written, having written none.
    static func importUsers(
        _ profiles: [UserProfile], into organization: String, _ connection: PostgresConnection, at moment: Double
    ) throws -> (created: Int, updated: Int) {
        guard let settings = try Self.organization(organization, connection) else {
            throw StoreError.organizationUnknown(organization)
        }
        connection.lockUsers(of: [organization])
        var users = try KnownUsers(profiles.map { (organization, $0) }, isToWrite: true, connection)
        let counts = try users.importUsers(profiles, into: settings, at: moment)
        try users.write(connection)
        return counts
    }
}
