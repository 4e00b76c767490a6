/// One change by an administrator: who, when, what, from where, and how it was before and after.
///
/// Holds no secret, no token and nobody's personal data: secrets, tokens and users are named by their ids.
package struct AuditEntry: Sendable, Equatable {
    /// Its place in the log; 0 until it is stored.
    package var number: Int64
    /// Seconds since 1970.
    package var at: Double
    package var actor: Actor
    /// What was done: `organization.update`, `secret.revoke`.
    package var action: String
    /// The organization that it concerned; nil: the instance.
    package var organization: String?
    /// The id of what was changed, where it isn't the organization itself.
    package var subject: String?
    /// What changed, as a JSON object; nil: there was nothing.
    package var before: String?
    package var after: String?

    package init(
        number: Int64 = 0, at: Double, actor: Actor, action: String, organization: String?, subject: String? = nil,
        before: String? = nil, after: String? = nil
    ) {
        self.number = number
        self.at = at
        self.actor = actor
        self.action = action
        self.organization = organization
        self.subject = subject
        self.before = before
        self.after = after
    }

    /// Who did it.
    package struct Actor: Sendable, Equatable {
        package var kind: Kind
        /// The id of the admin token; empty for the command line and the gateway.
        package var id: String
        package var name: String
        /// Where the request came from, without the port; nil: this machine's own command line.
        package var address: String?

        package init(kind: Kind, id: String, name: String, address: String?) {
            self.kind = kind
            self.id = id
            self.name = name
            self.address = address
        }
    }

    package enum Kind: String, Sendable, CaseIterable {
        case adminToken = "admin_token"
        case commandLine = "command_line"
        /// The gateway itself.
        case gateway
    }
}

/// Which entries of the audit log are wanted: all conditions hold together.
package struct AuditFilter: Sendable, Equatable {
    package var organization: String?
    package var action: String?
    /// The id of an admin token.
    package var actor: String?
    package var subject: String?
    /// Seconds since 1970; inclusive.
    package var since: Double?
    /// Seconds since 1970; exclusive.
    package var until: Double?

    package init() {}
}

/// The log of what administrators changed, which only grows. Entries are written by `AdminTransaction.record`.
package protocol AuditStore: Sendable {
    /// The newest first, before the entry numbered `before`.
    func auditEntries(_ filter: AuditFilter, before: Int64?, limit: Int) async throws -> [AuditEntry]
}
