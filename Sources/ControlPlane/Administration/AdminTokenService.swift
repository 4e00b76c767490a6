import GatewayConfiguration
package import UserDirectory

/// The tokens by which administrators and their scripts come in.
package struct AdminTokenService: Sendable {
    let base: Administration

    package func list(by who: Administrator) async throws -> [AdminToken] {
        try await base.store.adminTokens(of: who.scope.organization)
    }

    /// Makes one within the reach of who asks. The first that reaches the whole instance ends the token of the first
    /// start.
    ///
    /// - Parameter expiry: the first moment, in seconds since 1970, at which it is refused; nil: never.
    package func create(
        name: String, scope: AdminScope, expiresAt expiry: Double?, once: Once<Shown<AdminToken>>? = nil,
        by who: Administrator
    ) async throws -> Made<Shown<AdminToken>> {
        try who.write()
        if let bound = who.scope.organization, scope.organization != bound {
            throw AdminProblem(.scopeInsufficient, "this token is bound to one organization, and so must be its own")
        }
        if let expiry, expiry <= base.now() { throw AdminProblem.invalid("expires_at", "must lie ahead") }
        return try await base.change(once: once) { transaction in
            let text = AdminTokenText.generate()
            guard let digest = AdminTokenText.digest(of: text) else {
                throw AdminProblem(.internalError, "no token could be made")
            }
            let token = AdminToken(
                id: AdminToken.newID(), name: name, scope: scope, createdAt: transaction.moment, expiresAt: expiry)
            try transaction.add(token, digest: digest)
            let ended = scope.isWhole ? try transaction.revokeInitialAdminToken() : nil
            try transaction.record(
                AuditEntry(
                    at: transaction.moment, actor: who.actor, action: "admin_token.create",
                    organization: scope.organization, subject: token.id, after: Self.described(token).json))
            if let ended {
                try transaction.record(
                    AuditEntry(
                        at: transaction.moment, actor: who.actor, action: "admin_token.revoke", organization: nil,
                        subject: ended))
            }
            return Shown(value: token, text: text)
        }
    }

    package func revoke(_ id: String, by who: Administrator) async throws {
        try who.write()
        try await base.change { transaction in
            guard let token = try transaction.adminToken(id),
                (who.scope.organization ?? token.scope.organization) == token.scope.organization,
                try transaction.revokeAdminToken(id)
            else { throw AdminProblem(.adminTokenUnknown, "there is no such admin token that isn't revoked") }
            try transaction.record(
                AuditEntry(
                    at: transaction.moment, actor: who.actor, action: "admin_token.revoke",
                    organization: token.scope.organization, subject: id, before: Self.described(token).json))
        }
    }

    /// Makes the token of the first start, where there has never been another. Returns its text, to be shown once.
    package func makeInitial() async throws -> String? {
        let text = AdminTokenText.generate()
        guard let digest = AdminTokenText.digest(of: text) else { return nil }
        let token = AdminToken(
            id: AdminToken.newID(), name: "first start", scope: .instance, createdAt: base.now(), isInitial: true)
        return try await base.store.addInitialAdminToken(token, digest: digest) ? text : nil
    }

    private static func described(_ token: AdminToken) -> JSONValue {
        .members([
            "name": .string(token.name), "organization": .text(token.scope.organization),
            "read_only": .bool(token.scope.isReadOnly), "expires_at": .moment(token.expiresAt),
        ])
    }
}
