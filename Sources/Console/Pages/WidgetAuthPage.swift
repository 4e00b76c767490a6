import ControlPlane
import GatewayConfiguration
import IdentityCore
import UserDirectory

/// What the widget asks of its visitors, and what its rules do or would do.
enum WidgetAuthPage {
    static let routes: [ConsoleRoute] = [
        .get("organizations/{organization}/widget-auth") { call in
            .page(try await page(try await call.settings(), call, nil, nil))
        },
        .post("organizations/{organization}/widget-auth/require-identify") { call in
            try await saveRule(.requireIdentify, call)
        },
        .post("organizations/{organization}/widget-auth/require-user-hash") { call in
            try await saveRule(.requireUserHash, call)
        },
        .post("organizations/{organization}/widget-auth/identify-mode") { call in
            try await saveRule(.updateOnly, call)
        },
        .post("organizations/{organization}/widget-auth/tokens") { call in
            try await SettingsForm(
                tab: .widgetAuth,
                members: .members([
                    "max_token_lifetime_seconds": call.form.json(optionalNumber: "max_token_lifetime_seconds"),
                    "clock_skew_seconds": call.form.json(number: "clock_skew_seconds"),
                    "require_expiry": call.form.json(box: "require_expiry"),
                    "allow_plain_identity": call.form.json(box: "allow_plain_identity"),
                    "allowed_origins": call.form.json(lines: "allowed_origins"),
                ]), done: "Saved, and in force from the next request on."
            ).save(call, asking: { question($0, call) }, orShow: { try await page($0, call, nil, $1) })
        },
    ]

    private static func saveRule(_ rule: EnforcementRule, _ call: ConsoleCall) async throws -> ConsoleAnswer {
        let value = call.form.json(text: rule.setting)
        return try await SettingsForm(
            tab: .widgetAuth, members: .object([JSONValue.Member(rule.setting, value)]),
            done: "\(RuleWords(rule).name) is saved, and holds from the next request on."
        ).save(call) { try await page($0, call, rule, $1) }
    }

    /// Origins that are taken out lock their pages out.
    private static func question(_ before: OrganizationSettings, _ call: ConsoleCall) -> Confirmation? {
        let kept = call.form.lines("allowed_origins")
        let gone = before.allowedOrigins.filter { !kept.contains($0) }
        guard !gone.isEmpty else { return nil }
        return Confirmation(
            title: "Take \(gone.count == 1 ? "an origin" : "\(gone.count) origins") out?",
            consequences: [
                "Pages on \(gone.joined(separator: ", ")) are refused with origin_not_allowed from the next request on."
            ], button: "Save", cancel: call.address(OrganizationTab.widgetAuth.rawValue))
    }

    private static func page(
        _ settings: OrganizationSettings, _ call: ConsoleCall, _ changed: EnforcementRule?, _ problem: AdminProblem?
    ) async throws -> PageContent {
        let standing = try await call.administration.reports.enforcement(of: settings.id, by: call.who)
        let rules = EnforcementRule.allCases.map { rule in
            let isThis = problem != nil && changed == rule
            return RuleView(
                rule, settings: settings, standing: standing, entered: isThis ? call.form[rule.setting] : nil,
                problem: isThis ? problem : nil, call)
        }
        let isTokens = problem != nil && changed == nil
        let values = FieldValues(entered: isTokens ? call.form : nil)
        return PageContent(
            "widget-auth", title: "Widget auth", in: .organization(settings, .widgetAuth),
            status: problem?.code.status ?? 200,
            Page(
                version: settings.entityTag, address: call.address("widget-auth"), rules: rules,
                tokens: FormState(isTokens ? problem : nil),
                lifetime: values.text(
                    "max_token_lifetime_seconds", settings.maxTokenLifetimeSeconds.map { "\($0)" } ?? ""),
                skew: values.text("clock_skew_seconds", "\(settings.clockSkewSeconds)"),
                requiresExpiry: values.isOn("require_expiry", settings.requireExpiry),
                allowsPlainIdentity: values.isOn("allow_plain_identity", settings.allowPlainIdentity),
                origins: values.lines("allowed_origins", settings.allowedOrigins)))
    }

    private struct Page: Sendable {
        let version: String
        let address: String
        let rules: [RuleView]
        let tokens: FormState
        let lifetime: String
        let skew: String
        let requiresExpiry: Bool
        let allowsPlainIdentity: Bool
        let origins: String
    }
}
