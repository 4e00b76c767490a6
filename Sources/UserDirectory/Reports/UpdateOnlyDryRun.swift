/// How many users came when.
package protocol UserCensus: Sendable {
    /// Users made at `since` (seconds since 1970) or later, by whatever made them.
    func usersCreated(in organization: String, since: Double) async throws -> Int
}

/// What `identify_mode: update_only` would mean for an organization, by its present directory.
package struct UpdateOnlyDryRun: Sendable, Equatable, Codable {
    /// Users whom the directory knows: they would be let in as now.
    package var known: Int
    /// Those of them who came within the last seven days, by whatever made them: had the rule been on, those of them
    /// whom a token made would have been `user_unknown`.
    package var createdLastWeek: Int

    package init(known: Int, createdLastWeek: Int) {
        self.known = known
        self.createdLastWeek = createdLastWeek
    }

    /// Counts in the directory. `now` is in seconds since 1970.
    package static func of(
        _ organization: String, in store: any UserStore & UserCensus, now: Double
    ) async throws -> UpdateOnlyDryRun {
        UpdateOnlyDryRun(
            known: try await store.countUsers(of: organization),
            createdLastWeek: try await store.usersCreated(in: organization, since: now - 7 * 86400))
    }
}
