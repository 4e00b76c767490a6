import ControlPlane
import GatewayConfiguration
import IdentityCore
import PortalSSO
import UserDirectory

/// How portal visitors sign in through the organization's own login page: set, tested, enabled.
enum SignInSettingsPage {
    static let routes: [ConsoleRoute] = [
        .get("organizations/{organization}/sso") { call in
            .page(try await page(try await call.settings(), call, nil, nil))
        },
        .get("organizations/{organization}/sso/status") { call in
            let report = try await call.administration.signIn.report(on: call.organization, by: call.who)
            return .response(.json(.members(["attempt": .string(SignInStanding(report, now: call.now).attempt)])))
        },
        .post("organizations/{organization}/sso/login") { call in
            try await SettingsForm(
                tab: .signIn, members: sso(["login_url": call.form.json(optionalText: "login_url")]),
                done: "The login page is saved. Test it next."
            ).save(call) { try await page($0, call, .login, enabledAlready($1)) }
        },
        .post("organizations/{organization}/sso/enable") { call in
            try await SettingsForm(
                tab: .signIn, members: sso(["enabled": true]),
                done: "SSO redirect is enabled: sign-in goes to the login page from now on."
            ).save(call) { try await page($0, call, .enabling, $1) }
        },
        .post("organizations/{organization}/sso/disable") { call in
            // What can't be without it goes with it.
            try await SettingsForm(
                tab: .signIn, members: sso(["enabled": false, "require": false, "disable_native_login": false]),
                done: "SSO redirect is disabled."
            ).save(call) { before in
                Confirmation(
                    title: "Disable SSO redirect?",
                    consequences: [
                        "Nobody can sign in to the portal through the login page any more. Who is signed in stays so."
                    ]
                        + (before.sso.require || before.sso.disableNativeLogin
                            ? [
                                "The portal’s own login is open again: ‘Require SSO’ and ‘Disable native login’ end too."
                            ]
                            : []),
                    button: "Disable", cancel: call.address(OrganizationTab.signIn.rawValue))
            } orShow: {
                try await page($0, call, .enabling, $1)
            }
        },
        .post("organizations/{organization}/sso/options") { call in
            let form = call.form
            return try await SettingsForm(
                tab: .signIn,
                members: .members([
                    "sso_identify_mode": form.json(text: "sso_identify_mode"),
                    "sso": .members([
                        "require": form.json(box: "require"),
                        "disable_native_login": form.json(box: "disable_native_login"),
                        "native_login_paths": form.json(lines: "native_login_paths"),
                        "button_label": form.json(text: "button_label"),
                        "logout_url": form.json(optionalText: "logout_url"),
                        "allow_unsolicited": form.json(box: "allow_unsolicited"),
                        "session_days": form.json(number: "session_days"),
                        "sliding_sessions": form.json(box: "sliding_sessions"),
                        "embedded": form.json(box: "embedded"),
                    ]),
                ]), done: "The options are saved, and in force from the next request on."
            ).save(call, asking: { question($0, call) }, orShow: { try await page($0, call, .options, $1) })
        },
    ]

    private enum Form { case login, enabling, options }

    private static func sso(_ members: KeyValuePairs<String, JSONValue?>) -> JSONValue {
        .members(["sso": .members(members)])
    }

    /// A login page that is in use isn't changed for one that nobody has tried.
    private static func enabledAlready(_ problem: AdminProblem) -> AdminProblem {
        guard problem.code == .ssoUntested else { return problem }
        return AdminProblem(
            .ssoUntested,
            "SSO redirect is enabled, and the new login page has not been tested. Disable it in step 3 first; then save "
                + "the new address, test it and enable it again.")
    }

    /// Asks before somebody is locked out.
    private static func question(_ before: OrganizationSettings, _ call: ConsoleCall) -> Confirmation? {
        var consequences: [String] = []
        let form = call.form
        if form.isOn("require"), !before.sso.require {
            consequences.append(
                "Require SSO: visitors who aren’t signed in no longer see the portal’s pages, but are sent to the login "
                    + "page. Who can’t sign in there can’t come in.")
        }
        let closesNative = form.isOn("require") || form.isOn("disable_native_login")
        if closesNative, !before.sso.require, !before.sso.disableNativeLogin {
            let paths = form.lines("native_login_paths")
            consequences.append(
                paths.isEmpty
                    ? "No native login path is named below, so that none is closed."
                    : "The portal’s own login is closed: \(paths.joined(separator: ", ")).")
        }
        if form["sso_identify_mode"] == IdentifyMode.updateOnly.rawValue, before.ssoIdentifyMode != .updateOnly {
            consequences.append("Update only: who isn’t in the directory yet can’t sign in to the portal any more.")
        }
        guard !consequences.isEmpty else { return nil }
        return Confirmation(
            title: "Save, and lock some people out?",
            consequences: consequences + ["You can take it back here at any time: the console has a door of its own."],
            button: "Save options", cancel: call.address(OrganizationTab.signIn.rawValue))
    }

    private static func page(
        _ settings: OrganizationSettings, _ call: ConsoleCall, _ form: Form?, _ problem: AdminProblem?
    ) async throws -> PageContent {
        let report = try await call.administration.signIn.report(on: settings.id, by: call.who)
        let now = call.now
        let keys = try await call.administration.secrets.list(of: settings.id, by: call.who)
        let options = FieldValues(entered: form == .options ? call.form : nil)
        let mode = options.text("sso_identify_mode", settings.ssoIdentifyMode.rawValue)
        let address = call.address(OrganizationTab.signIn.rawValue)
        let addresses = report.addresses.enumerated().map { PortalAddressView($0.element, number: $0.offset) }
        let hasKeys = keys.contains { $0.purpose == .api && $0.isActive(at: now) }
        return PageContent(
            "sign-in-settings", title: "SSO redirect", in: .organization(settings, .signIn),
            status: problem?.code.status ?? 200,
            Page(
                version: settings.entityTag, address: address, keysAddress: call.address("keys"),
                portalAddress: call.address("portal"), isEnabled: settings.sso.enabled,
                standing: SignInStanding(report, now: now), addresses: addresses,
                parameters: SignInParameters(settings.dialect),
                login: FormState(form == .login ? problem : nil),
                loginURL: FieldValues(entered: form == .login ? call.form : nil)
                    .text("login_url", settings.sso.loginURL),
                hasLoginURL: settings.sso.loginURL != nil, hasKeys: hasKeys,
                mayTest: settings.sso.loginURL != nil && !addresses.isEmpty && hasKeys && call.mayWrite,
                enabling: FormState(form == .enabling ? problem : nil),
                options: FormState(form == .options ? problem : nil),
                requires: options.isOn("require", settings.sso.require),
                disablesNativeLogin: options.isOn("disable_native_login", settings.sso.disableNativeLogin),
                nativeLoginPaths: options.lines("native_login_paths", settings.sso.nativeLoginPaths),
                buttonLabel: options.text("button_label", settings.sso.buttonLabel),
                logoutURL: options.text("logout_url", settings.sso.logoutURL),
                allowsUnsolicited: options.isOn("allow_unsolicited", settings.sso.allowUnsolicited),
                sessionDays: options.text("session_days", "\(settings.sso.sessionDays)"),
                slides: options.isOn("sliding_sessions", settings.sso.slidingSessions),
                isEmbedded: options.isOn("embedded", settings.sso.embedded),
                modes: [
                    Option(
                        "upsert", "Upsert", hint: "Who isn’t in the directory yet is added, and signed in.",
                        isChosen: mode == "upsert"),
                    Option(
                        "update_only", "Update only", hint: "They are refused: 403 user_unknown.",
                        isChosen: mode == "update_only"),
                ]))
    }

    private struct Page: Sendable {
        let version: String
        let address: String
        let keysAddress: String
        let portalAddress: String
        let isEnabled: Bool
        let standing: SignInStanding
        let addresses: [PortalAddressView]
        let parameters: SignInParameters
        let login: FormState
        let loginURL: String
        let hasLoginURL: Bool
        let hasKeys: Bool
        let mayTest: Bool
        let enabling: FormState
        let options: FormState
        let requires: Bool
        let disablesNativeLogin: Bool
        let nativeLoginPaths: String
        let buttonLabel: String
        let logoutURL: String
        let allowsUnsolicited: Bool
        let sessionDays: String
        let slides: Bool
        let isEmbedded: Bool
        let modes: [Option]
    }
}
