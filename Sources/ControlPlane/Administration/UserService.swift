import GatewayConfiguration
package import UserDirectory

/// The users of organizations. A user is named by directory id, by the customer's own id or by email address.
package struct UserService: Sendable {
    let base: Administration

    package func list(
        of organization: String, _ filter: UserFilter, after cursor: String?, limit: Int, by who: Administrator
    ) async throws -> UserPage {
        try who.see(organization)
        return try await base.store.users(of: organization, filter, after: cursor, limit: limit)
    }

    /// How many there are, whatever a filter says.
    package func count(of organization: String, by who: Administrator) async throws -> Int {
        try who.see(organization)
        return try await base.store.countUsers(of: organization)
    }

    package func user(
        _ reference: String, of organization: String, by who: Administrator
    ) async throws -> DirectoryUser {
        _ = try await base.organizations.settings(of: organization, by: who)
        guard let user = try await base.store.user(reference, of: organization) else { throw Self.unknown }
        return user
    }

    package func setBlocked(
        _ blocked: Bool, _ reference: String, of organization: String, by who: Administrator
    ) async throws -> DirectoryUser {
        let action = blocked ? "user.block" : "user.unblock"
        return try await change(reference, of: organization, action, by: who) { user, change in
            try change.setBlocked(blocked, user: user.id, of: organization)
        }
    }

    /// Refuses every token issued until now, and ends the user's sessions.
    package func signOutEverywhere(
        _ reference: String, of organization: String, by who: Administrator
    ) async throws -> DirectoryUser {
        try await change(reference, of: organization, "user.sign_out", by: who) { user, change in
            try change.signOutEverywhere(user: user.id, of: organization, at: change.moment)
        }
    }

    package func setRole(
        _ role: UserRole, _ reference: String, of organization: String, by who: Administrator
    ) async throws -> DirectoryUser {
        try await change(reference, of: organization, "user.set_role", by: who) { user, change in
            try change.setRole(role, user: user.id, of: organization)
        }
    }

    /// Deletes the user with all that is stored of them, and takes them out of the token log. The audit log keeps their
    /// directory id.
    package func delete(_ reference: String, of organization: String, by who: Administrator) async throws {
        try who.change(organization)
        let id = try await base.change { transaction in
            guard try transaction.organization(organization) != nil else {
                throw AdminProblem.organizationUnknown(organization)
            }
            guard let user = try transaction.user(reference, of: organization) else { throw Self.unknown }
            try transaction.deleteUser(user.id, of: organization)
            try transaction.record(
                AuditEntry(
                    at: transaction.moment, actor: who.actor, action: "user.delete", organization: organization,
                    subject: user.id, before: Self.standing(user).json))
            return user.id
        }
        try await base.telemetry.forgetTelemetry(ofUser: id, of: organization)
    }

    /// All that is stored of one user, of each kind at most `UserRecord.longest` things.
    package func everything(
        on reference: String, of organization: String, by who: Administrator
    ) async throws -> UserRecord {
        let user = try await user(reference, of: organization, by: who)
        var filter = AuditFilter()
        filter.organization = organization
        filter.subject = user.id
        let most = UserRecord.longest
        return UserRecord(
            user: user, sessions: try await base.store.sessions(of: organization, user: user.id, limit: most),
            changes: try await base.store.auditEntries(filter, before: nil, limit: most),
            tokens: try await base.telemetry.tokenLog(
                TokenLogFilter(organization: organization, user: user.id), before: nil, limit: most),
            repeats: try await base.telemetry.tokenRepeats(of: organization, user: user.id, since: 0))
    }

    static let unknown = AdminProblem(.userUnknown, "the organization has no such user")

    private func change(
        _ reference: String, of organization: String, _ action: String, by who: Administrator,
        _ body: @escaping @Sendable (DirectoryUser, any AdminTransaction) throws -> Void
    ) async throws -> DirectoryUser {
        try who.change(organization)
        return try await base.change { transaction in
            guard try transaction.organization(organization) != nil else {
                throw AdminProblem.organizationUnknown(organization)
            }
            guard let before = try transaction.user(reference, of: organization) else { throw Self.unknown }
            try body(before, transaction)
            guard let after = try transaction.user(before.id, of: organization) else { throw Self.unknown }
            guard after != before else { return before }
            try transaction.record(
                AuditEntry(
                    at: transaction.moment, actor: who.actor, action: action, organization: organization,
                    subject: before.id, before: Self.standing(before).json, after: Self.standing(after).json))
            return after
        }
    }

    /// What administrators change of a user: nothing that says who they are.
    private static func standing(_ user: DirectoryUser) -> JSONValue {
        .members([
            "role": .string(user.role.rawValue), "blocked_at": .moment(user.blockedAt),
            "tokens_valid_after": .moment(user.tokensValidAfter),
        ])
    }
}

/// All that is stored of one user.
package struct UserRecord: Sendable {
    package var user: DirectoryUser
    package var sessions: [PortalSession]
    /// What administrators did to them.
    package var changes: [AuditEntry]
    /// The rows of the token log that name them, the newest first.
    package var tokens: [TokenLogEntry]
    /// About how often tokens were accepted again that have no row of their own.
    package var repeats: [TokenRepeats]

    /// The most that is taken of anything, the newest of it.
    package static let longest = 10_000

    /// Whether nothing was left out.
    package var isComplete: Bool { max(sessions.count, changes.count, tokens.count) < Self.longest }
}
