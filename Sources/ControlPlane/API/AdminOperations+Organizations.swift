import GatewayConfiguration
import UserDirectory

extension AdminOperation {
    private static let theSettings = OperationAnswer(
        status: 200, summary: "The settings.", schema: "Organization", hasEntityTag: true)
    private static let problemsOfChanges: [AdminProblem.Code] = [
        .hostTaken, .ssoUntested, .enforcementUnconfirmed, .preconditionFailed, .preconditionRequired,
    ]

    static let organizations: [AdminOperation] = [
        AdminOperation(
            method: "GET", path: "/organizations", id: "listOrganizations", tag: "organizations",
            summary: "The organizations within the token's reach, by id.",
            parameters: [.cursor("a page's `next_cursor`, an organization's id"), .limit],
            success: OperationAnswer(status: 200, summary: "A page of organizations.", schema: "OrganizationPage")
        ) { call in
            let page = try await call.administration.organizations.list(
                after: try call.text("cursor"), limit: try call.limit(), by: try call.who)
            return .json(Representation.page("organizations", page.organizations.map(\.json), next: page.next))
        },
        AdminOperation(
            method: "POST", path: "/organizations", id: "createOrganization", tag: "organizations",
            summary: "Makes an organization. What isn't said has the dialect's default.", parameters: [.idempotencyKey],
            body: OperationBody(schema: "OrganizationCreation"),
            success: OperationAnswer(
                status: 201, summary: "The organization.", schema: "Organization", hasEntityTag: true),
            problems: [.organizationExists, .hostTaken, .ssoUntested, .idempotencyKeyReused]
        ) { call in
            let settings = try OrganizationSettings(json: try await call.json())
            let made = try await call.administration.organizations.create(
                settings, once: try call.once(settings.json, keep: \.json), by: try call.who)
            return made.response(\.json).with("etag", settings.entityTag)
        },
        AdminOperation(
            method: "GET", path: "/organizations/{organization}", id: "getOrganization", tag: "organizations",
            summary: "An organization's settings, with the keys of an organizations file.", parameters: [.organization],
            success: theSettings
        ) { call in
            let settings = try await call.administration.organizations.settings(of: call.organization, by: try call.who)
            return .json(settings.json).with("etag", settings.entityTag)
        },
        AdminOperation(
            method: "PUT", path: "/organizations/{organization}", id: "replaceOrganization", tag: "organizations",
            summary: "Replaces all settings. What isn't said has the dialect's default.",
            parameters: [.organization, .ifMatch, .confirmed], body: OperationBody(schema: "OrganizationReplacement"),
            success: theSettings,
            problems: problemsOfChanges
        ) { call in
            let json = try await call.json()
            let complete = json["id"] == nil ? json.adding("id", .string(call.organization)) : json
            return try await call.update { _ in try OrganizationSettings(json: complete) }
        },
        AdminOperation(
            method: "PATCH", path: "/organizations/{organization}", id: "changeOrganization", tag: "organizations",
            summary: "Changes the settings that are said, `sso` member by member. `null` is a value: none.",
            parameters: [.organization, .ifMatch, .confirmed], body: OperationBody(schema: "OrganizationChange"),
            success: theSettings,
            problems: problemsOfChanges
        ) { call in
            let json = try await call.json()
            return try await call.update { try $0.changing(json: json) }
        },
        AdminOperation(
            method: "DELETE", path: "/organizations/{organization}", id: "deleteOrganization", tag: "organizations",
            summary: "Deletes an organization with its secrets, users, sessions, admin tokens, token log and figures.",
            parameters: [.organization], success: .nothing
        ) { call in
            try await call.administration.organizations.delete(call.organization, by: try call.who)
            return .noContent
        },
        AdminOperation(
            method: "GET", path: "/organizations/{organization}/sso", id: "getSignIn", tag: "organizations",
            summary: "How portal visitors sign in, and whether that was tested as it is set.",
            parameters: [.organization],
            success: OperationAnswer(status: 200, summary: "How sign-in stands.", schema: "SignIn")
        ) { call in
            .json(
                Representation.signIn(
                    try await call.administration.signIn.report(on: call.organization, by: try call.who)))
        },
    ]
}

extension AdminCall {
    fileprivate func update(
        _ change: @escaping @Sendable (OrganizationSettings) throws -> OrganizationSettings
    ) async throws -> AdminResponse {
        // Who may not see it learns nothing from what is wrong with the rest.
        try who.change(organization)
        let condition = try settingsCondition()
        let settings = try await administration.organizations.update(
            organization, if: condition, isConfirmed: try boolean("confirmed") ?? false, by: try who, change)
        return .json(settings.json).with("etag", settings.entityTag)
    }
}

extension OperationParameter {
    static let organization = OperationParameter(
        name: "organization", place: .path,
        schema: ["type": "string", "pattern": "^[a-z0-9_-]{1,64}$"], summary: "The organization's id.",
        isRequired: true)
    static let ifMatch = OperationParameter(
        name: "If-Match", place: .header, schema: ["type": "string", "pattern": "^(\\*|\"[0-9a-f]{32}\")$"],
        summary: "The `ETag` that the settings were read with, or `*`.", isRequired: true)
    static let confirmed = boolean(
        "confirmed", "Enforces rules though they would have refused requests of the last day.")
    static let idempotencyKey = OperationParameter(
        name: "Idempotency-Key", place: .header, schema: ["type": "string", "pattern": "^[!-~]{1,200}$"],
        summary: "The same request with the same key, within the hour, isn't carried out again: it gets the same "
            + "answer, without what is shown only once.")
    static let limit = OperationParameter(
        name: "limit", schema: ["type": "integer", "minimum": 1, "maximum": 200, "default": 50],
        summary: "At most this many.")

    /// The cursor of lists in order of numbers.
    static let numberCursor = OperationParameter(
        name: "cursor", schema: ["type": "integer", "minimum": 1, "maximum": .integer(AdminCall.lastNumber)],
        summary: "Where the page begins: a page's `next_cursor`.")

    static func cursor(_ summary: String) -> OperationParameter {
        .text("cursor", "Where the page begins: \(summary).")
    }

    static func text(_ name: String, _ summary: String, longest: Int = 200) -> OperationParameter {
        OperationParameter(
            name: name,
            schema: [
                "type": "string", "minLength": 1, "maxLength": .integer(longest), "pattern": "^[^\\u0000]*$",
            ],
            summary: summary)
    }

    static func choice(_ name: String, _ values: [String], _ summary: String) -> OperationParameter {
        OperationParameter(
            name: name, schema: ["type": "string", "enum": .array(values.map { .string($0) })], summary: summary)
    }

    static func number(_ name: String, _ summary: String) -> OperationParameter {
        OperationParameter(name: name, schema: ["type": "number"], summary: summary)
    }

    static func moment(_ name: String, _ summary: String) -> OperationParameter {
        OperationParameter(
            name: name,
            schema: ["type": "number", "minimum": 0, "maximum": .integer(Int(ObjectReader.latest))],
            summary: summary + " Seconds since 1970.")
    }

    static func boolean(_ name: String, _ summary: String) -> OperationParameter {
        OperationParameter(name: name, schema: ["type": "boolean"], summary: summary)
    }

    static func path(_ name: String, _ summary: String) -> OperationParameter {
        OperationParameter(
            name: name, place: .path, schema: ["type": "string", "minLength": 1, "maxLength": 320], summary: summary,
            isRequired: true)
    }
}

extension OperationAnswer {
    static let nothing = OperationAnswer(status: 204, summary: "Done.")
}
