import GatewayConfiguration
import UserDirectory

extension AdminOperation {
    static let instance: [AdminOperation] = [
        AdminOperation(
            method: "GET", path: "/self", id: "getSelf", tag: "admin tokens",
            summary: "Who the admin token speaks for, and what it reaches.",
            success: OperationAnswer(status: 200, summary: "The caller.", schema: "Caller")
        ) { call in
            let who = try call.who
            return .json(
                .members([
                    "id": .string(who.actor.id), "name": .string(who.actor.name),
                    "organization": .text(who.scope.organization), "read_only": .bool(who.scope.isReadOnly),
                ]))
        },
        AdminOperation(
            method: "GET", path: "/admin-tokens", id: "listAdminTokens", tag: "admin tokens",
            summary: "Admin tokens within the token's reach, without their texts.",
            success: OperationAnswer(status: 200, summary: "The tokens, the oldest first.", schema: "AdminTokenList")
        ) { call in
            let tokens = try await call.administration.adminTokens.list(by: try call.who)
            let now = call.administration.now()
            return .json(.members(["admin_tokens": .array(tokens.map { Representation.adminToken($0, at: now) })]))
        },
        AdminOperation(
            method: "POST", path: "/admin-tokens", id: "createAdminToken", tag: "admin tokens",
            summary: "Makes an admin token, shown this once. The first for the whole instance ends the token of the "
                + "first start.",
            parameters: [.idempotencyKey], body: OperationBody(schema: "AdminTokenCreation"),
            success: OperationAnswer(status: 201, summary: "The token.", schema: "NewAdminToken"),
            problems: [.idempotencyKeyReused]
        ) { call in
            var reader = try await call.object()
            let name = reader.requiredText("name", lengths: 1...100)
            let organization = reader.optionalText("organization", lengths: 1...64)
            let isReadOnly = reader.boolean("read_only", default: false)
            let expiry = reader.optionalMoment("expires_at")
            try reader.finish()
            let now = call.administration.now()
            let once: Once<Shown<AdminToken>>? = try call.once(reader.json) {
                Representation.adminToken($0.value, at: now)
            }
            let made = try await call.administration.adminTokens.create(
                name: name, scope: AdminScope(organization: organization, isReadOnly: isReadOnly), expiresAt: expiry,
                once: once, by: try call.who)
            return made.response { Representation.adminToken($0.value, at: now).adding("token", .string($0.text)) }
        },
        AdminOperation(
            method: "DELETE", path: "/admin-tokens/{token}", id: "revokeAdminToken", tag: "admin tokens",
            summary: "Revokes an admin token: it is refused from the next request on.",
            parameters: [.path("token", "The token's id.")], success: .nothing, problems: [.adminTokenUnknown]
        ) { call in
            try await call.administration.adminTokens.revoke(call.segment("token"), by: try call.who)
            return .noContent
        },
        AdminOperation(
            method: "GET", path: "/audit", id: "listAudit", tag: "audit",
            summary: "What administrators changed, the newest first.",
            parameters: [
                OperationParameter(
                    name: "organization", schema: OperationParameter.organization.schema,
                    summary: "Of this organization."),
                .text("action", "This action: `organization.update`, say."),
                .text("actor", "By this admin token's id."), .text("subject", "To what has this id."),
                .number("since", "From this moment on, seconds since 1970."),
                .number("until", "Before this moment, seconds since 1970."),
                .numberCursor, .limit,
            ],
            success: OperationAnswer(status: 200, summary: "A page of entries.", schema: "AuditPage")
        ) { call in
            var filter = AuditFilter()
            filter.organization = try call.organizationID("organization")
            filter.action = try call.text("action")
            filter.actor = try call.text("actor")
            filter.subject = try call.text("subject")
            filter.since = try call.number("since")
            filter.until = try call.number("until")
            let page = try await call.administration.audit.list(
                filter, before: try call.numberCursor(), limit: try call.limit(), by: try call.who)
            return .json(
                Representation.page(
                    "entries", page.entries.map(Representation.auditEntry), next: page.next.map { "\($0)" }))
        },
        AdminOperation(
            method: "GET", path: "/openapi.json", id: "getDescription", tag: "description",
            summary: "This document.", needsToken: false,
            success: OperationAnswer(status: 200, summary: "An OpenAPI 3.1 document.", schema: "Description")
        ) { _ in AdminResponse(200, type: "application/json", body: .whole(OpenAPIDocument.bytes)) },
    ]

    static let all = organizations + secrets + users + sessions + telemetry + instance
}
