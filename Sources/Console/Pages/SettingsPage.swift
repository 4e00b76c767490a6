import ControlPlane
import GatewayConfiguration
import IdentityCore
import UserDirectory

/// Name, dialect, how users are matched, and the organization's end.
enum SettingsPage {
    static let routes: [ConsoleRoute] = [
        .get("organizations/{organization}/settings") { call in
            .page(page(try await call.settings(), call, nil, nil))
        },
        .get("organizations/{organization}/settings/download") { call in
            let settings = try await call.settings()
            let text = PrettyJSON.text(settings.json) + "\n"
            return .response(
                AdminResponse(200, type: "application/json", body: .whole(Array(text.utf8)))
                    .with("content-disposition", "attachment; filename=\"\(settings.id)-settings.json\""))
        },
        .post("organizations/{organization}/settings/general") { call in
            try await SettingsForm(
                tab: .settings, members: .members(["name": call.form.json(text: "name")]), done: "The name is saved."
            ).save(call) { page($0, call, .general, $1) }
        },
        .post("organizations/{organization}/settings/dialect") { call in
            let wanted = call.form["dialect"] ?? ""
            return try await SettingsForm(
                tab: .settings, members: .members(["dialect": .string(wanted)]), done: "The dialect is \(wanted) now."
            ).save(call) { before in
                guard let dialect = Dialect(rawValue: wanted), dialect != before.dialect else { return nil }
                return dialectQuestion(before, dialect, call)
            } orShow: {
                page($0, call, .dialect, $1)
            }
        },
        .post("organizations/{organization}/settings/matching") { call in
            try await SettingsForm(
                tab: .settings,
                members: .members([
                    "match_by": call.form.json(text: "match_by"),
                    "email_matching": call.form.json(text: "email_matching"),
                ]), done: "How users are matched is saved, and holds from the next request on."
            ).save(call) { page($0, call, .matching, $1) }
        },
        .post("organizations/{organization}/settings/delete") { call in
            let settings = try await call.settings()
            try call.who.changeInstance()
            let isTyped = (call.form["typed"] ?? "").trimmed == settings.id
            guard call.isConfirmed, isTyped else {
                return call.confirmation(
                    Confirmation(
                        title: "Delete \(settings.name)?",
                        consequences: [
                            "Its users, sessions, secrets, settings, token log and figures are deleted for good. "
                                + "There is no way back.",
                            "Its hosts are answered with organization_unknown from the next request on.",
                            "The audit log stays.",
                        ],
                        button: "Delete organization", cancel: call.address(OrganizationTab.settings.rawValue),
                        word: settings.id, error: call.isConfirmed ? "That isn’t the organization’s id." : nil),
                    in: .organization(settings, .settings))
            }
            try await call.administration.organizations.delete(settings.id, by: call.who)
            return .seeOther(ConsoleAddress.organizations, .good("\(settings.name) is deleted."))
        },
    ]

    private enum Form { case general, dialect, matching }

    private static func dialectQuestion(
        _ before: OrganizationSettings, _ dialect: Dialect, _ call: ConsoleCall
    ) -> Confirmation {
        let old = OrganizationSettings(id: before.id, dialect: before.dialect)
        let new = OrganizationSettings(id: before.id, dialect: dialect)
        var consequences = [
            "From the next request on tokens are read as \(dialect.rawValue) has them: \(DialectWords(dialect).claims). "
                + "Tokens that were made for \(before.dialect.rawValue) may be refused.",
            "The portal’s callback address and the parameters of its login page change too, and SSO redirect has to be "
                + "tested again.",
        ]
        if before.emailMatching == old.emailMatching, new.emailMatching != old.emailMatching {
            consequences.append(
                "Email addresses will be compared "
                    + (new.emailMatching == .exact ? "exactly as they are sent." : "ignoring letter case."))
        }
        if before.matchBy == old.matchBy, new.matchBy != old.matchBy {
            consequences.append(
                "Users will be found by " + (new.matchBy == .email ? "email address." : "id, then by email address."))
        }
        if before.maxTokenLifetimeSeconds == old.maxTokenLifetimeSeconds,
            new.maxTokenLifetimeSeconds != old.maxTokenLifetimeSeconds
        {
            consequences.append(
                new.maxTokenLifetimeSeconds.map { "Tokens may live \($0) seconds at most." }
                    ?? "Tokens may live as long as they say.")
        }
        return Confirmation(
            title: "Change the dialect to \(dialect.rawValue)?", consequences: consequences, button: "Change dialect",
            cancel: call.address(OrganizationTab.settings.rawValue))
    }

    private static func page(
        _ settings: OrganizationSettings, _ call: ConsoleCall, _ form: Form?, _ problem: AdminProblem?
    ) -> PageContent {
        func values(_ one: Form) -> FieldValues { FieldValues(entered: form == one ? call.form : nil) }
        func said(_ one: Form) -> FormState { FormState(form == one ? problem : nil) }
        let dialect = values(.dialect).text("dialect", settings.dialect.rawValue)
        let matchBy = values(.matching).text("match_by", settings.matchBy.rawValue)
        let emails = values(.matching).text("email_matching", settings.emailMatching.rawValue)
        return PageContent(
            "settings", title: "Settings", in: .organization(settings, .settings),
            status: problem?.code.status ?? 200,
            Page(
                id: settings.id, version: settings.entityTag, address: call.address("settings"),
                general: said(.general), name: values(.general).text("name", settings.name),
                dialect: said(.dialect),
                dialects: Dialect.allCases.map {
                    Option(
                        $0.rawValue, DialectWords($0).name, hint: DialectWords($0).claims,
                        isChosen: $0.rawValue == dialect)
                },
                isEnabled: settings.sso.enabled,
                matching: said(.matching),
                matchBy: [
                    Option(
                        "email", "Email address", hint: "Somebody with another address is another user.",
                        isChosen: matchBy == "email"),
                    Option(
                        "id_then_email", "Id, then email address",
                        hint: "The id of your customer’s own system, where the token has one: an address may change.",
                        isChosen: matchBy == "id_then_email"),
                ],
                emailMatching: [
                    Option(
                        "exact", "Exactly", hint: "Ada@acme.test and ada@acme.test are two users.",
                        isChosen: emails == "exact"),
                    Option(
                        "ignore_case", "Ignoring letter case", hint: "They are the same one.",
                        isChosen: emails == "ignore_case"),
                ],
                mayDelete: call.mayWrite && call.who.scope.organization == nil))
    }

    private struct Page: Sendable {
        let id: String
        let version: String
        let address: String
        let general: FormState
        let name: String
        let dialect: FormState
        let dialects: [Option]
        let isEnabled: Bool
        let matching: FormState
        let matchBy: [Option]
        let emailMatching: [Option]
        let mayDelete: Bool
    }
}
