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

    /// Notes that somebody came into the console, or left it.
    package func record(_ visit: ConsoleVisit, by who: Administrator) async throws {
        try await base.store.administer { transaction in
            try transaction.record(
                AuditEntry(
                    at: transaction.moment, actor: who.actor, action: visit.rawValue,
                    organization: who.scope.organization))
        }
    }
}

/// What the audit log tells of visits to the console; the raw value is the action.
package enum ConsoleVisit: String, Sendable {
    case signIn = "console.sign_in"
    case signOut = "console.sign_out"
}
