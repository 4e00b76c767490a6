package import UserDirectory

/// The log of what administrators changed.
package struct AuditService: Sendable {
    let base: Administration

    /// What is within reach, the newest first, before the entry that `cursor` names.
    package func list(
        _ filter: AuditFilter, before cursor: Int64?, limit: Int, by who: Administrator
    ) async throws -> (entries: [AuditEntry], next: Int64?) {
        var filter = filter
        if let bound = who.scope.organization {
            if let wanted = filter.organization { try who.see(wanted) }
            filter.organization = bound
        }
        let found = try await base.store.auditEntries(filter, before: cursor, limit: limit + 1)
        let page = Array(found.prefix(limit))
        return (page, found.count > limit ? page.last?.number : nil)
    }
}
