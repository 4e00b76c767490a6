import GatewayConfiguration
import UserDirectory

extension AdminOperation {
    private static let user = OperationParameter.path(
        "user", "Directory id, the customer's own id, or email address.")
    private static let oneUser: [OperationParameter] = [.organization, user]
    private static let theUser = OperationAnswer(status: 200, summary: "The user.", schema: "User")

    static let users: [AdminOperation] = [
        AdminOperation(
            method: "GET", path: "/organizations/{organization}/users", id: "listUsers", tag: "users",
            summary: "Users in order of creation. A page may hold fewer than `limit`, or none, and still name a next "
                + "one: a call looks at a bounded number of users.",
            parameters: [
                .organization, .text("search", "What an email, a name, an external id or a directory id begins with."),
                .text("status", "The profile's `status`, exactly."), .text("segment", "One of the profile's segments."),
                .text("plan", "The company's plan."), .text("company", "The company's name or id, exactly."),
                .text("locale", "The profile's `locale`, exactly."),
                .choice("renewal_risk", UserFilter.risks, "How likely the company leaves."),
                .text("owner", "The account owner's id or email, exactly.", longest: 320),
                .choice("role", UserRole.allCases.map(\.rawValue), "The role in the directory."),
                .boolean("blocked", "Whether they are blocked."),
                .number("mrr_min", "The company's monthly revenue, at least."),
                .number("mrr_max", "The company's monthly revenue, at most."),
                .choice(
                    "field", ProfileField.allCases.map(\.rawValue),
                    "Another field of the profile: it must be `value`, exactly. Without `value` it counts for nothing."),
                .text("value", "What `field` must be."),
                .cursor("a page's `next_cursor`"), .limit,
            ],
            success: OperationAnswer(status: 200, summary: "A page of users.", schema: "UserPage"),
            problems: [.cursorInvalid]
        ) { call in
            var filter = UserFilter()
            filter.search = try call.text("search")
            filter.status = try call.text("status")
            filter.segment = try call.text("segment")
            filter.plan = try call.text("plan")
            filter.company = try call.text("company")
            filter.fields[.locale] = try call.text("locale")
            filter.fields[.renewalRisk] = try call.text("renewal_risk")
            if let risk = filter.fields[.renewalRisk], !UserFilter.risks.contains(risk) {
                throw AdminProblem.invalid(
                    "renewal_risk", "must be one of \(UserFilter.risks.joined(separator: ", "))")
            }
            filter.owner = try call.text("owner", upTo: 320)
            filter.role = try call.choice("role", UserRole.self)
            filter.isBlocked = try call.boolean("blocked")
            filter.revenueFrom = try call.number("mrr_min")
            filter.revenueTo = try call.number("mrr_max")
            let value = try call.text("value")
            if let field = try call.choice("field", ProfileField.self), let value { filter.fields = [field: value] }
            let page = try await call.administration.users.list(
                of: call.organization, filter, after: try call.text("cursor"), limit: try call.limit(),
                by: try call.who)
            return .json(Representation.page("users", page.users.map(Representation.user), next: page.next))
        },
        AdminOperation(
            method: "GET", path: "/organizations/{organization}/users/{user}", id: "getUser", tag: "users",
            summary: "One user.", parameters: oneUser, success: theUser, problems: [.userUnknown]
        ) { call in
            .json(
                Representation.user(
                    try await call.administration.users.user(
                        call.segment("user"), of: call.organization, by: try call.who)))
        },
        change("/block", "blockUser", "Refuses a user from now on, sessions included.") { users, call in
            try await users.setBlocked(true, call.segment("user"), of: call.organization, by: try call.who)
        },
        change("/unblock", "unblockUser", "Lets a blocked user in again.") { users, call in
            try await users.setBlocked(false, call.segment("user"), of: call.organization, by: try call.who)
        },
        change(
            "/sign-out", "signOutUser", "Refuses every token that was issued until now, and ends the user's sessions."
        ) { users, call in
            try await users.signOutEverywhere(call.segment("user"), of: call.organization, by: try call.who)
        },
        AdminOperation(
            method: "PUT", path: "/organizations/{organization}/users/{user}/role", id: "setUserRole", tag: "users",
            summary: "Changes a user's role in the directory.", parameters: oneUser,
            body: OperationBody(schema: "RoleChange"), success: theUser, problems: [.userUnknown]
        ) { call in
            var reader = try await call.object()
            if !reader.has("role") { reader.missing("role") }
            let role: UserRole = reader.choice("role", default: .user)
            try reader.finish()
            return .json(
                Representation.user(
                    try await call.administration.users.setRole(
                        role, call.segment("user"), of: call.organization, by: try call.who)))
        },
        AdminOperation(
            method: "DELETE", path: "/organizations/{organization}/users/{user}", id: "deleteUser", tag: "users",
            summary: "Deletes a user with all that is stored of them. A valid token makes them anew where the "
                + "organization upserts: to keep out, block.",
            parameters: oneUser, success: .nothing, problems: [.userUnknown]
        ) { call in
            try await call.administration.users.delete(call.segment("user"), of: call.organization, by: try call.who)
            return .noContent
        },
        AdminOperation(
            method: "GET", path: "/organizations/{organization}/users/{user}/data", id: "exportUser", tag: "users",
            summary: "All that is stored of one user: profile, sessions, tokens, and what administrators changed.",
            parameters: oneUser, success: OperationAnswer(status: 200, summary: "The data.", schema: "UserData"),
            problems: [.userUnknown]
        ) { call in
            let record = try await call.administration.users.everything(
                on: call.segment("user"), of: call.organization, by: try call.who)
            return .json(Representation.userData(record))
        },
        AdminOperation(
            method: "GET", path: "/organizations/{organization}/users.csv", id: "exportUsers", tag: "users",
            summary: "All users as CSV, with a header line.", parameters: [.organization],
            success: OperationAnswer(status: 200, summary: "The users.", type: "text/csv")
        ) { call in
            let next = try await call.administration.users.exportCSV(of: call.organization, by: try call.who)
            return AdminResponse(200, type: "text/csv; charset=utf-8", body: .parts(next))
                .with("content-disposition", "attachment; filename=\"users-\(call.organization).csv\"")
        },
        AdminOperation(
            method: "POST", path: "/organizations/{organization}/users.csv", id: "importUsers", tag: "users",
            summary: "Creates and updates users from CSV with a header line, in batches of 1000 rows: each is written "
                + "whole, or not at all where a row of it is bad. Sent again, it goes on where it stopped.",
            parameters: [
                .organization, .boolean("dry_run", "Only says which rows are bad: nothing is written."),
            ],
            body: OperationBody(schema: nil, type: "text/csv"),
            success: OperationAnswer(status: 200, summary: "What came of it.", schema: "ImportReport")
        ) { call in
            guard call.request.contentType == "text/csv" else {
                throw AdminProblem(.mediaTypeUnsupported, "the body must be text/csv")
            }
            let body = call.request.body
            let report = try await call.administration.users.importCSV(
                into: call.organization, isTrial: try call.boolean("dry_run") ?? false, by: try call.who
            ) { try await body.next() }
            return .json(Representation.importReport(report))
        },
    ]

    static let sessions: [AdminOperation] = [
        AdminOperation(
            method: "GET", path: "/organizations/{organization}/sessions", id: "listSessions", tag: "sessions",
            summary: "Signed-in browsers, the youngest first.",
            parameters: [
                .organization, .text("user", "Of this user: directory id, own id or email.", longest: 320),
                OperationParameter(
                    name: "limit", schema: ["type": "integer", "minimum": 1, "maximum": 1000, "default": 100],
                    summary: "At most this many."),
                .cursor("a page's `next_cursor`"),
            ],
            success: OperationAnswer(status: 200, summary: "A page of sessions.", schema: "SessionPage"),
            problems: [.userUnknown, .cursorInvalid]
        ) { call in
            let page = try await call.administration.sessions.list(
                of: call.organization, user: try call.text("user", upTo: 320), after: try call.text("cursor"),
                limit: try call.integer("limit", 1...1000) ?? 100, by: try call.who)
            return .json(Representation.page("sessions", page.sessions.map(Representation.session), next: page.next))
        },
        AdminOperation(
            method: "POST", path: "/organizations/{organization}/sessions/end", id: "endSessions", tag: "sessions",
            summary: "Ends all sessions, or those of a user, or those that a secret's tokens began.",
            parameters: [.organization], body: OperationBody(schema: "SessionSelection"),
            success: OperationAnswer(status: 200, summary: "How many ended.", schema: "SessionsEnded"),
            problems: [.userUnknown]
        ) { call in
            var reader = try await call.object()
            let of: SelectionKind = reader.choice("of", default: .all)
            if !reader.has("of") { reader.missing("of") }
            let id = of == .all ? "" : reader.requiredText("id", lengths: 1...320)
            try reader.finish()
            let selection: SessionSelection =
                switch of {
                case .all: .all
                case .user: .user(id)
                case .secret: .key(id)
                }
            let count = try await call.administration.sessions.end(
                selection, of: call.organization, by: try call.who)
            return .json(.members(["ended": .integer(count)]))
        },
        AdminOperation(
            method: "DELETE", path: "/organizations/{organization}/sessions/{session}", id: "endSession",
            tag: "sessions", summary: "Ends one session.",
            parameters: [.organization, .path("session", "The session's id, as the list shows it.")],
            success: .nothing, problems: [.sessionUnknown]
        ) { call in
            try await call.administration.sessions.end(
                session: call.segment("session"), of: call.organization, by: try call.who)
            return .noContent
        },
    ]

    private enum SelectionKind: String, CaseIterable { case all, user, secret }

    private static func change(
        _ path: String, _ id: String, _ summary: String,
        _ run: @escaping @Sendable (UserService, AdminCall) async throws -> DirectoryUser
    ) -> AdminOperation {
        AdminOperation(
            method: "POST", path: "/organizations/{organization}/users/{user}" + path, id: id, tag: "users",
            summary: summary, parameters: oneUser, success: theUser, problems: [.userUnknown]
        ) { call in .json(Representation.user(try await run(call.administration.users, call))) }
    }
}
