import GatewayConfiguration
import IdentityCore
import UserDirectory

/// The JSON schemas (2020-12) of what the API takes and gives.
enum AdminSchemas {
    static let all: JSONValue = .members([
        "Problem": problem,
        "Description": ["type": "object", "required": ["openapi", "paths"]],
        "Organization": settings(required: .all, isAnswer: true),
        "OrganizationCreation": settings(required: .id),
        "OrganizationReplacement": settings(required: .none),
        "OrganizationChange": settings(required: .none),
        "OrganizationPage": page("organizations", "Organization"),
        "SignIn": signIn,
        "Secret": object(secretMembers),
        "NewSecret": object(
            secretMembers + [.init("secret", ["type": "string", "description": "Shown this once."])],
            optional: ["secret"]),
        "SecretList": list("secrets", "Secret"),
        "SecretGeneration": object([.init("purpose", purpose)], optional: ["purpose"]),
        "SecretImport": object(
            [
                .init("purpose", purpose),
                .init("secret", ["type": "string", "minLength": 1, "maxLength": .integer(SecretPolicy.maximumBytes)]),
                .init("allow_weak", boolean),
            ], optional: ["purpose", "allow_weak"]),
        "SecretRotation": object(
            [.init("purpose", purpose), .init("old_valid_until", moment)], optional: ["purpose", "old_valid_until"]),
        "SecretPlan": object([.init("valid_until", nullable(moment))]),
        "User": object(userMembers),
        "UserPage": page("users", "User"),
        "UserData": object([
            .init("user", reference("User")), .init("sessions", array(reference("Session"))),
            .init("changes", array(reference("AuditEntry"))), .init("tokens", array(reference("TokenLogEntry"))),
            .init("repeats", array(object([.init("hour", moment), .init("count", count)]))),
            .init("complete", ["type": "boolean", "description": "Whether nothing was left out."]),
        ]),
        "RoleChange": object([.init("role", choice(UserRole.allCases.map(\.rawValue)))]),
        "ImportReport": importReport,
        "Session": object([
            .init("id", ["type": "string", "pattern": "^[0-9a-f]{16}$"]), .init("user", string),
            .init("secret", string), .init("created_at", moment), .init("expires_at", moment),
        ]),
        "SessionPage": page("sessions", "Session"),
        "SessionSelection": [
            "oneOf": [
                object([.init("of", ["const": "all"])]),
                object([
                    .init("of", choice(["user", "secret"])),
                    .init("id", ["type": "string", "minLength": 1, "maxLength": 320]),
                ]),
            ]
        ],
        "SessionsEnded": object([.init("ended", count)]),
        "TokenLogEntry": tokenLogEntry,
        "TokenLogPage": page("entries", "TokenLogEntry"),
        "TokenToCheck": object([
            .init(
                "token",
                ["type": "string", "minLength": 1, "maxLength": .integer(AdminOperation.longestToken)])
        ]),
        "TokenCheck": tokenCheck,
        "EnforcementReport": enforcementReport,
        "RuleFigures": ruleFigures,
        "OutcomeList": object([
            .init(
                "outcomes", array(object([.init("hour", moment), .init("code", string), .init("count", count)])))
        ]),
        "Alert": alert,
        "AlertList": list("alerts", "Alert"),
        "AuditEntry": auditEntry,
        "AuditPage": page("entries", "AuditEntry"),
        "Caller": object([
            .init("id", string), .init("name", string), .init("organization", nullable(string)),
            .init("read_only", boolean),
        ]),
        "AdminToken": object(adminTokenMembers),
        "NewAdminToken": object(
            adminTokenMembers + [
                .init(
                    "token",
                    [
                        "type": "string", "pattern": "^wga_[A-Za-z0-9_-]{43}$", "description": "Shown this once.",
                    ])
            ], optional: ["token"]),
        "AdminTokenList": list("admin_tokens", "AdminToken"),
        "AdminTokenCreation": object(
            [
                .init("name", ["type": "string", "minLength": 1, "maxLength": 100]),
                .init("organization", nullable(["type": "string", "pattern": "^[a-z0-9_-]{1,64}$"])),
                .init("read_only", boolean), .init("expires_at", nullable(moment)),
            ], optional: ["organization", "read_only", "expires_at"]),
    ])

    // MARK: Shapes

    static let string: JSONValue = ["type": "string"]
    static let boolean: JSONValue = ["type": "boolean"]
    static let count: JSONValue = ["type": "integer", "minimum": 0]
    static let moment: JSONValue = [
        "type": "number", "minimum": 0, "maximum": .integer(Int(ObjectReader.latest)),
        "description": "Seconds since 1970.",
    ]
    private static let purpose = choice(SecretPurpose.allCases.map(\.rawValue))

    static func choice(_ values: [String]) -> JSONValue {
        ["type": "string", "enum": .array(values.map { .string($0) })]
    }

    static func choice<Value: CaseIterable & RawRepresentable>(_: Value.Type) -> JSONValue
    where Value.RawValue == String { choice(Value.allCases.map(\.rawValue)) }

    static func nullable(_ schema: JSONValue) -> JSONValue { ["anyOf": [schema, ["type": "null"]]] }

    static func array(_ elements: JSONValue) -> JSONValue { ["type": "array", "items": elements] }

    static func reference(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(name)")] }

    static func object(_ members: [JSONValue.Member], optional: Set<String> = []) -> JSONValue {
        let required = members.map(\.key).filter { !optional.contains($0) }
        return .members([
            "type": "object", "properties": .object(members),
            "required": required.isEmpty ? nil : .array(required.map { .string($0) }), "additionalProperties": false,
        ])
    }

    private static func list(_ name: String, _ element: String) -> JSONValue {
        object([.init(name, array(reference(element)))])
    }

    private static func page(_ name: String, _ element: String) -> JSONValue {
        object([.init(name, array(reference(element))), .init("next_cursor", nullable(string))])
    }

    // MARK: Objects

    private static let problem: JSONValue = [
        "type": "object", "required": ["type", "title", "status", "detail", "code"],
        "properties": [
            "type": string, "title": string, "status": ["type": "integer"], "detail": string,
            "code": choice(AdminProblem.Code.self),
            "errors": array(object([.init("path", string), .init("message", string)])),
        ],
    ]

    private static let secretMembers: [JSONValue.Member] = [
        .init("id", string), .init("purpose", purpose), .init("last4", string),
        .init("state", choice(["active", "ended", "revoked"])), .init("created_at", moment),
        .init("last_used_at", nullable(moment)), .init("valid_until", nullable(moment)),
        .init("revoked_at", nullable(moment)),
    ]

    private static let userMembers: [JSONValue.Member] = [
        .init("id", string),
        .init("profile", ["type": "object", "description": "What the customer says of the user."]),
        .init("unverified", array(string)), .init("role", choice(UserRole.self)), .init("created_at", moment),
        .init("updated_at", moment), .init("blocked_at", nullable(moment)),
        .init("tokens_valid_after", nullable(moment)),
    ]

    private static let adminTokenMembers: [JSONValue.Member] = [
        .init("id", string), .init("name", string), .init("organization", nullable(string)),
        .init("read_only", boolean), .init("initial", boolean),
        .init("state", choice(["active", "expired", "revoked"])), .init("created_at", moment),
        .init("expires_at", nullable(moment)), .init("last_used_at", nullable(moment)),
        .init("revoked_at", nullable(moment)),
    ]

    private static let signIn = object([
        .init("enabled", boolean), .init("state", choice(["untested", "tested", "failed", "stale"])),
        .init("at", nullable(moment)), .init("code", nullable(string)), .init("may_be_enabled", boolean),
        .init("last_success_at", nullable(moment)), .init("last_failure_at", nullable(moment)),
        .init(
            "hosts",
            array(
                object([
                    .init("host", string), .init("portal_url", string), .init("callback_url", nullable(string)),
                    .init("test_url", string),
                ]))),
    ])

    private static let auditEntry = object([
        .init("number", ["type": "integer", "minimum": 1]), .init("at", moment),
        .init(
            "actor",
            object([
                .init("kind", choice(AuditEntry.Kind.self)), .init("id", string), .init("name", string),
                .init("address", nullable(string)),
            ])),
        .init("action", string), .init("organization", nullable(string)), .init("subject", nullable(string)),
        .init("before", nullable(["type": "object"])), .init("after", nullable(["type": "object"])),
    ])

    private static let importReport = object([
        .init("read", count), .init("created", count), .init("updated", count), .init("refused", count),
        .init("mistake_count", count),
        .init("mistakes", array(object([.init("line", count), .init("message", string)]))),
        .init("stopped", nullable(string)),
    ])

    // MARK: Settings

    private enum Required { case none, id, all }

    /// - Parameter isAnswer: what the gateway itself says, which is narrower than what may be written.
    private static func settings(required: Required, isAnswer: Bool = false) -> JSONValue {
        let id: JSONValue = ["type": "string", "pattern": "^[a-z0-9_-]{1,64}$"]
        let name: JSONValue = ["type": "string", "minLength": 1, "maxLength": 200]
        let members: [JSONValue.Member] = [
            .init("id", id), .init("name", name), .init("dialect", choice(Dialect.self)), .init("hosts", array(string)),
            .init("require_identify", choice(Enforcement.self)), .init("require_user_hash", choice(Enforcement.self)),
            .init("identify_mode", choice(IdentifyMode.self)), .init("sso_identify_mode", choice(IdentifyMode.self)),
            .init("email_matching", choice(EmailMatching.self)), .init("match_by", choice(MatchRule.self)),
            .init("clock_skew_seconds", ["type": "integer", "minimum": 0, "maximum": 600]),
            .init(
                "max_token_lifetime_seconds", nullable(["type": "integer", "minimum": 1, "maximum": 315_360_000])),
            .init("require_expiry", boolean), .init("allow_plain_identity", boolean),
            .init("allowed_origins", array(string)), .init("sso", sso(isAnswer: isAnswer)),
        ]
        let optional: Set<String> =
            switch required {
            case .all: []
            case .id: Set(members.map(\.key)).subtracting(["id"])
            case .none: Set(members.map(\.key))
            }
        return object(members, optional: optional)
    }

    private static func sso(isAnswer: Bool) -> JSONValue {
        let members: [JSONValue.Member] = [
            .init("enabled", boolean), .init("login_url", nullable(string)), .init("logout_url", nullable(string)),
            .init("require", boolean), .init("button_label", ["type": "string", "minLength": 1, "maxLength": 100]),
            .init("allow_unsolicited", boolean), .init("disable_native_login", boolean),
            .init("native_login_paths", array(string)), .init("embedded", boolean),
            .init("session_days", ["type": "integer", "minimum": 1, "maximum": 365]),
            .init("sliding_sessions", boolean), .init("private_forums", array(string)),
            .init("authorize_all_sso_users", boolean),
        ]
        return object(members, optional: isAnswer ? [] : Set(members.map(\.key)))
    }
}
