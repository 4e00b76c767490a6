package import UserDirectory

/// The record of tokens that were presented.
package struct TokenLogService: Sendable {
    let base: Administration

    /// Rows within reach, the newest first, before the row that `cursor` names.
    ///
    /// - Parameter filter: its `user` is a reference as in `UserService`, where an organization is named.
    package func list(
        _ filter: TokenLogFilter, before cursor: Int64?, limit: Int, by who: Administrator
    ) async throws -> (entries: [TokenLogEntry], next: Int64?) {
        let found = try await base.telemetry.tokenLog(
            try await reachable(filter, by: who), before: cursor, limit: limit + 1)
        let page = Array(found.prefix(limit))
        return (page, found.count > limit ? page.last?.id : nil)
    }

    /// Rows within reach that came after the row with id `cursor`, the oldest first.
    package func list(
        _ filter: TokenLogFilter, after cursor: Int64, limit: Int, by who: Administrator
    ) async throws -> [TokenLogEntry] {
        try await base.telemetry.tokenLog(try await reachable(filter, by: who), after: cursor, limit: limit)
    }

    /// About how often a user's remembered tokens were accepted again, by hour, the newest first.
    ///
    /// - Parameter user: by directory id.
    package func repeats(
        of organization: String, user: String, since: Double, by who: Administrator
    ) async throws -> [TokenRepeats] {
        try who.see(organization)
        return try await base.telemetry.tokenRepeats(of: organization, user: user, since: since)
    }

    private func reachable(_ filter: TokenLogFilter, by who: Administrator) async throws -> TokenLogFilter {
        var filter = filter
        if let bound = who.scope.organization {
            if let wanted = filter.organization { try who.see(wanted) }
            filter.organization = bound
        }
        guard let organization = filter.organization else { return filter }
        _ = try await base.organizations.settings(of: organization, by: who)
        if let reference = filter.user {
            // Rows of a user who is gone go on naming them by directory id.
            filter.user = try await base.store.user(reference, of: organization)?.id ?? reference
        }
        return filter
    }
}
