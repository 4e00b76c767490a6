import GatewayConfiguration
import UserDirectory

extension AdminOperation {
    static let secrets: [AdminOperation] = [
        AdminOperation(
            method: "GET", path: "/organizations/{organization}/secrets", id: "listSecrets", tag: "secrets",
            summary: "All secrets, revoked and ended ones too, without their texts.", parameters: [.organization],
            success: OperationAnswer(status: 200, summary: "The secrets, the oldest first.", schema: "SecretList")
        ) { call in
            let secrets = try await call.administration.secrets.list(of: call.organization, by: try call.who)
            let now = call.administration.now()
            return .json(.members(["secrets": .array(secrets.map { Representation.secret($0, at: now) })]))
        },
        creation(
            "/secrets", "generateSecret", "Makes one more secret: 64 hexadecimal characters, shown this once.",
            body: "SecretGeneration"
        ) { call, body, once in
            var reader = try ObjectReader(body)
            let purpose: SecretPurpose = reader.choice("purpose", default: .api)
            try reader.finish()
            return try await call.administration.secrets.generate(
                purpose, for: call.organization, once: once, by: try call.who)
        },
        creation(
            "/secrets/import", "importSecret", "Takes over a secret that the customer's server already uses.",
            body: "SecretImport", isShown: false
        ) { call, body, once in
            var reader = try ObjectReader(body)
            let purpose: SecretPurpose = reader.choice("purpose", default: .api)
            let text = reader.requiredText("secret", lengths: 1...SecretPolicy.maximumBytes)
            let allowWeak = reader.boolean("allow_weak", default: false)
            try reader.finish()
            return try await call.administration.secrets.take(
                text, purpose, for: call.organization, allowWeak: allowWeak, once: once, by: try call.who)
        },
        creation(
            "/secrets/rotate", "rotateSecret",
            "Makes a new secret, shown this once; the others of its purpose verify until a planned end.",
            body: "SecretRotation"
        ) { call, body, once in
            var reader = try ObjectReader(body)
            let purpose: SecretPurpose = reader.choice("purpose", default: .api)
            let end = reader.moment("old_valid_until")
            try reader.finish()
            return try await call.administration.secrets.rotate(
                purpose, for: call.organization,
                oldValidUntil: end ?? call.administration.now() + SecretService.usualOverlap, once: once,
                by: try call.who)
        },
        creation(
            "/secrets/regenerate", "regenerateSecret",
            "Makes a new secret, shown this once; the others of its purpose are refused from the next request on.",
            body: "SecretGeneration"
        ) { call, body, once in
            var reader = try ObjectReader(body)
            let purpose: SecretPurpose = reader.choice("purpose", default: .api)
            try reader.finish()
            return try await call.administration.secrets.regenerate(
                purpose, for: call.organization, once: once, by: try call.who)
        },
        AdminOperation(
            method: "PATCH", path: "/organizations/{organization}/secrets/{secret}", id: "planSecret", tag: "secrets",
            summary: "Plans the end of an active secret, or takes the plan back.",
            parameters: [.organization, .path("secret", "The secret's id.")], body: OperationBody(schema: "SecretPlan"),
            success: OperationAnswer(status: 200, summary: "The secret.", schema: "Secret"), problems: [.secretUnknown]
        ) { call in
            var reader = try await call.object()
            if !reader.has("valid_until") { reader.missing("valid_until") }
            let end = reader.optionalMoment("valid_until")
            try reader.finish()
            let secret = try await call.administration.secrets.plan(
                end: end, of: call.segment("secret"), of: call.organization, by: try call.who)
            return .json(Representation.secret(secret, at: call.administration.now()))
        },
        AdminOperation(
            method: "DELETE", path: "/organizations/{organization}/secrets/{secret}", id: "revokeSecret",
            tag: "secrets", summary: "Revokes a secret: what it signed is refused from the next request on.",
            parameters: [
                .organization, .path("secret", "The secret's id."),
                .boolean("end_sessions", "Whether sessions end that its tokens began."),
            ],
            success: .nothing, problems: [.secretUnknown]
        ) { call in
            try await call.administration.secrets.revoke(
                call.segment("secret"), of: call.organization,
                endSessions: try call.boolean("end_sessions") ?? false, by: try call.who)
            return .noContent
        },
    ]

    private typealias SecretCreation =
        @Sendable (AdminCall, JSONValue, Once<Shown<SecretSummary>>?) async throws -> Made<Shown<SecretSummary>>

    private static func creation(
        _ path: String, _ id: String, _ summary: String, body schema: String, isShown: Bool = true,
        _ make: @escaping SecretCreation
    ) -> AdminOperation {
        AdminOperation(
            method: "POST", path: "/organizations/{organization}" + path, id: id, tag: "secrets", summary: summary,
            parameters: [.organization, .idempotencyKey], body: OperationBody(schema: schema),
            success: OperationAnswer(
                status: 201, summary: "The secret.", schema: isShown ? "NewSecret" : "Secret"),
            problems: [.tooManySecrets, .idempotencyKeyReused]
        ) { call in
            try call.who.change(call.organization)
            let body = try await call.json()
            let now = call.administration.now()
            let once: Once<Shown<SecretSummary>>? = try call.once(body) { Representation.secret($0.value, at: now) }
            return try await make(call, body, once).response { new in
                let secret = Representation.secret(new.value, at: now)
                return isShown ? secret.adding("secret", .string(new.text)) : secret
            }
        }
    }
}
