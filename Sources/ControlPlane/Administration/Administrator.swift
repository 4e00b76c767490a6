package import UserDirectory

/// Who asks: what a token, a console session or a command line may see and change.
package struct Administrator: Sendable {
    package var actor: AuditEntry.Actor
    package var scope: AdminScope
    /// Came by the token of the first start, which ends when somebody makes another for the whole instance.
    package var cameByInitialToken: Bool

    package init(actor: AuditEntry.Actor, scope: AdminScope, cameByInitialToken: Bool = false) {
        self.actor = actor
        self.scope = scope
        self.cameByInitialToken = cameByInitialToken
    }

    /// Throws unless the organization is within reach; one that isn't looks as if it didn't exist.
    package func see(_ organization: String) throws {
        guard scope.organization == nil || scope.organization == organization else {
            throw AdminProblem.organizationUnknown(organization)
        }
    }

    /// Throws unless things of the organization may be changed.
    package func change(_ organization: String) throws {
        try see(organization)
        try write()
    }

    /// Throws unless the instance itself may be changed: organizations made and deleted.
    package func changeInstance() throws {
        guard scope.organization == nil else {
            throw AdminProblem(.scopeInsufficient, "this token is bound to one organization")
        }
        try write()
    }

    package func write() throws {
        guard !scope.isReadOnly else { throw AdminProblem(.scopeInsufficient, "this token may only read") }
    }
}
