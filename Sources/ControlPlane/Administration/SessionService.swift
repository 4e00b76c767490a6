import GatewayConfiguration
package import UserDirectory

/// The signed-in browsers of portals.
package struct SessionService: Sendable {
    let base: Administration

    /// The youngest first; of one user, named as in `UserService`, or of all.
    package func list(
        of organization: String, user reference: String?, limit: Int, by who: Administrator
    ) async throws -> [PortalSession] {
        try await list(of: organization, user: reference, after: nil, limit: limit, by: who).sessions
    }

    /// The youngest first, after the page that named `cursor`; of one user, named as in `UserService`, or of all.
    package func list(
        of organization: String, user reference: String?, after cursor: String?, limit: Int, by who: Administrator
    ) async throws -> (sessions: [PortalSession], next: String?) {
        try who.see(organization)
        let place = try cursor.map { text in
            guard let place = SessionCursor(text) else {
                throw AdminProblem(.cursorInvalid, "the cursor leads nowhere: begin anew")
            }
            return place
        }
        var user: String?
        if let reference { user = try await base.users.user(reference, of: organization, by: who).id }
        let found = try await base.store.sessions(of: organization, user: user, after: place, limit: limit + 1)
        let page = Array(found.prefix(limit))
        return (page, found.count > limit ? page.last.map { SessionCursor(after: $0).text } : nil)
    }

    /// Returns how many there were.
    package func end(
        _ selection: SessionSelection, of organization: String, by who: Administrator
    ) async throws -> Int {
        try who.change(organization)
        return try await base.change { transaction in
            var selection = selection
            if case .user(let reference) = selection {
                guard let user = try transaction.user(reference, of: organization) else { throw UserService.unknown }
                selection = .user(user.id)
            }
            let count = try transaction.endSessions(of: organization, selection)
            if count > 0 {
                try transaction.record(
                    AuditEntry(
                        at: transaction.moment, actor: who.actor, action: "sessions.end", organization: organization,
                        subject: Self.subject(selection),
                        before: JSONValue.members(["sessions": .integer(count)]).json))
            }
            return count
        }
    }

    /// Ends one, by `PortalSession.name`.
    package func end(session name: String, of organization: String, by who: Administrator) async throws {
        guard try await end(.session(name), of: organization, by: who) > 0 else {
            throw AdminProblem(.sessionUnknown, "the organization has no such session")
        }
    }

    private static func subject(_ selection: SessionSelection) -> String? {
        switch selection {
        case .all: nil
        case .user(let id), .key(let id), .session(let id): id
        }
    }
}
