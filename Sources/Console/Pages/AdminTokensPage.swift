import ControlPlane
import UserDirectory

/// The tokens by which administrators and their scripts come in.
enum AdminTokensPage {
    private static let day = 86_400.0

    static let routes: [ConsoleRoute] = [
        .get("admin-tokens") { call in .page(try await page(call, nil)) },
        .post("admin-tokens") { call in
            do {
                guard let name = call.form.text("name", upTo: 100) else {
                    throw AdminProblem.invalid("name", "is needed")
                }
                let days = call.form.number("days")
                let organization = call.form.text("organization")
                if let organization {
                    _ = try await call.administration.organizations.settings(of: organization, by: call.who)
                }
                let made = try await call.administration.adminTokens.create(
                    name: name,
                    scope: AdminScope(organization: organization, isReadOnly: call.form.isOn("read_only")),
                    expiresAt: days.map { call.now + $0 * day }, by: call.who)
                guard let token = made.value else { throw AdminProblem(.internalError, "no token was made") }
                if call.who.cameByInitialToken, token.value.scope.isWhole,
                    let digest = AdminTokenText.digest(of: token.text)
                {
                    // The one that this browser came in by has just ended.
                    call.adopt(digest)
                }
                return .seeOther(
                    ConsoleAddress.adminTokens,
                    PageNotice(
                        text: "The admin token \(token.value.name) was made.",
                        secret: ShownSecret(
                            label: "Admin token", text: token.text,
                            hint: "Keep it in a password manager now: it isn't shown again.")))
            } catch {
                let problem = AdminProblem(error)
                guard problem.code.isAboutForm || problem.code == .organizationUnknown else { throw problem }
                return .page(try await page(call, problem))
            }
        },
        .post("admin-tokens/{token}/revoke") { call in
            let id = call.segment("token")
            guard
                let token = try await call.administration.adminTokens.list(by: call.who).first(where: { $0.id == id })
            else { throw AdminProblem(.adminTokenUnknown, "There is no such admin token.") }
            guard call.isConfirmed else {
                let isOwn = call.who.actor.id == id
                return call.confirmation(
                    Confirmation(
                        title: "Revoke \(token.name)?",
                        consequences: [
                            "Whoever uses it, browsers and scripts alike, is refused from the next request on."
                        ] + (isOwn ? ["You came in by this token yourself, and will be signed out."] : []),
                        button: "Revoke token", cancel: ConsoleAddress.adminTokens),
                    in: .instance(.adminTokens))
            }
            try await call.administration.adminTokens.revoke(id, by: call.who)
            return .seeOther(ConsoleAddress.adminTokens, .good("The admin token \(token.name) is revoked."))
        },
    ]

    private static func page(_ call: ConsoleCall, _ problem: AdminProblem?) async throws -> PageContent {
        let tokens = try await call.administration.adminTokens.list(by: call.who)
        let values = call.form
        return PageContent(
            "admin-tokens", title: "Admin tokens", in: .instance(.adminTokens), status: problem?.code.status ?? 200,
            Page(
                rows: tokens.reversed().map { Row($0, call) }, name: values["name"] ?? "",
                organization: values["organization"] ?? call.who.scope.organization ?? "",
                isBound: call.who.scope.organization != nil, isReadOnly: values.isOn("read_only"),
                lifetimes: [("30", "30 days"), ("90", "90 days"), ("365", "1 year"), ("", "never")].map {
                    Option($0.0, $0.1, isChosen: (values["days"] ?? "90") == $0.0)
                },
                problem: problem?.sentence, errors: FieldErrors(problem)))
    }

    private struct Page: Sendable {
        let rows: [Row]
        let name: String
        let organization: String
        let isBound: Bool
        let isReadOnly: Bool
        let lifetimes: [Option]
        let problem: String?
        let errors: FieldErrors
    }

    private struct Row: Sendable {
        let id: String
        let name: String
        let reach: String
        let created: MomentText
        let used: MomentText?
        let ends: MomentText?
        let state: Badge
        let isActive: Bool
        let isOwn: Bool

        init(_ token: AdminToken, _ call: ConsoleCall) {
            let now = call.now
            id = token.id
            name = token.name
            reach =
                (token.scope.organization.map { "organization \($0)" } ?? "whole instance")
                + (token.scope.isReadOnly ? ", read-only" : "")
            created = MomentText(token.createdAt, now: now)
            used = MomentText(token.lastUsedAt, now: now)
            ends = MomentText(token.expiresAt, now: now)
            isActive = token.isActive(at: now)
            state =
                isActive
                ? Badge("active", "good") : Badge(token.revokedAt == nil ? "expired" : "revoked")
            isOwn = call.who.actor.id == token.id
        }
    }
}
