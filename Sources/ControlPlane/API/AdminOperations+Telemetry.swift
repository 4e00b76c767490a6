import GatewayConfiguration
import IdentityCore
import UserDirectory

extension AdminOperation {
    static let telemetry: [AdminOperation] = [
        AdminOperation(
            method: "GET", path: "/token-log", id: "listAllTokens", tag: "token log",
            summary: "Tokens that were presented, accepted or not, within the token's reach, the newest first.",
            parameters: logParameters,
            success: OperationAnswer(status: 200, summary: "A page of rows.", schema: "TokenLogPage")
        ) { call in try await call.tokenLog(of: nil) },
        AdminOperation(
            method: "GET", path: "/organizations/{organization}/token-log", id: "listTokens", tag: "token log",
            summary: "Tokens that were presented to an organization, accepted or not, the newest first.",
            parameters: [.organization] + logParameters,
            success: OperationAnswer(status: 200, summary: "A page of rows.", schema: "TokenLogPage")
        ) { call in try await call.tokenLog(of: call.organization) },
        AdminOperation(
            method: "POST", path: "/organizations/{organization}/token-check", id: "checkToken", tag: "token log",
            summary: "Explains step by step how a request with this token would be judged now, and how to mend it. "
                + "Changes nothing; the token is neither kept nor written down.",
            parameters: [.organization], body: OperationBody(schema: "TokenToCheck"),
            success: OperationAnswer(status: 200, summary: "How the token fares.", schema: "TokenCheck")
        ) { call in
            var reader = try await call.object()
            let token = reader.requiredText("token", lengths: 1...Self.longestToken)
            try reader.finish()
            return .json(
                Representation.tokenCheck(
                    try await call.administration.tokenChecks.check(token, of: call.organization, by: try call.who)))
        },
        AdminOperation(
            method: "GET", path: "/organizations/{organization}/enforcement", id: "getEnforcement", tag: "reports",
            summary: "What each rule would refuse: by the traffic of the last hour, day and 7 days, and by the present "
                + "directory.",
            parameters: [.organization],
            success: OperationAnswer(status: 200, summary: "The report.", schema: "EnforcementReport")
        ) { call in
            .json(
                Representation.enforcement(
                    try await call.administration.reports.enforcement(of: call.organization, by: try call.who)))
        },
        AdminOperation(
            method: "GET", path: "/organizations/{organization}/outcomes", id: "listOutcomes", tag: "reports",
            summary: "How many tokens were accepted, and refused for what, hour by hour.",
            parameters: [
                .organization, .moment("since", "Hours that begin then or later; 7 days ago, where nothing is said."),
                .moment("until", "Hours that begin before then; now, where nothing is said."),
            ],
            success: OperationAnswer(status: 200, summary: "By hour and code, in that order.", schema: "OutcomeList")
        ) { call in
            let now = call.administration.now()
            let outcomes = try await call.administration.reports.outcomes(
                of: call.organization, since: try call.moment("since") ?? now - 7 * 86_400,
                until: try call.moment("until") ?? now, by: try call.who)
            return .json(.members(["outcomes": .array(outcomes.map(Representation.outcome))]))
        },
        AdminOperation(
            method: "GET", path: "/alerts", id: "listAllAlerts", tag: "reports",
            summary: "Impersonation alerts within the token's reach, the latest seen first.",
            parameters: alertParameters,
            success: OperationAnswer(status: 200, summary: "The alerts.", schema: "AlertList")
        ) { call in try await call.alerts(of: nil) },
        AdminOperation(
            method: "GET", path: "/organizations/{organization}/alerts", id: "listAlerts", tag: "reports",
            summary: "Impersonation alerts of an organization, the latest seen first.",
            parameters: [.organization] + alertParameters,
            success: OperationAnswer(status: 200, summary: "The alerts.", schema: "AlertList")
        ) { call in try await call.alerts(of: call.organization) },
    ]

    /// In characters: four bytes at most for each.
    static let longestToken = TokenCheckService.longestToken / 4

    private static let logParameters: [OperationParameter] = [
        .choice("code", TokenLogEntry.codes, "Of this outcome: `accepted`, or why not."),
        .boolean("accepted", "Accepted ones, or refused ones."),
        .text(
            "user", "Of this user: directory id, or, where an organization is named, own id or email.", longest: 320),
        .text("address", "From this client address."), .text("origin", "From origins that contain this."),
        .moment("since", "From this moment on."), .moment("until", "Before this moment."), .numberCursor, .limit,
    ]

    private static let alertParameters: [OperationParameter] = [
        .moment("since", "Last seen then or later."), .limit,
    ]
}

extension TokenLogEntry {
    /// What `code` can be.
    static let codes = [accepted] + RejectionCode.allCases.map(\.rawValue)
}

extension AdminCall {
    fileprivate func tokenLog(of organization: String?) async throws -> AdminResponse {
        let code = try text("code")
        if let code, !TokenLogEntry.codes.contains(code) {
            throw AdminProblem.invalid("code", "must be accepted, or the code of a refusal")
        }
        let filter = TokenLogFilter(
            organization: organization, code: code, accepted: try boolean("accepted"),
            user: try text("user", upTo: 320), address: try text("address"), since: try moment("since"),
            until: try moment("until"), originText: try text("origin"))
        let page = try await administration.tokenLog.list(
            filter, before: try numberCursor(), limit: try limit(), by: try who)
        return .json(
            Representation.page(
                "entries", page.entries.map(Representation.tokenLogEntry), next: page.next.map { "\($0)" }))
    }

    fileprivate func alerts(of organization: String?) async throws -> AdminResponse {
        let alerts = try await administration.reports.alerts(
            of: organization, since: try moment("since"), limit: try limit(), by: try who)
        return .json(.members(["alerts": .array(alerts.map(Representation.alert))]))
    }
}
