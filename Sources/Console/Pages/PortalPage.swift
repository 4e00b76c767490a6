import ControlPlane
import GatewayConfiguration
import IdentityCore
import UserDirectory

/// The portal's addresses, hosts and forums, and who is signed in there.
enum PortalPage {
    private static let sessionsShown = 25

    static let routes: [ConsoleRoute] = [
        .get("organizations/{organization}/portal") { call in
            .page(try await page(try await call.settings(), call, nil, nil))
        },
        .post("organizations/{organization}/portal/hosts") { call in
            try await SettingsForm(
                tab: .portal, members: .members(["hosts": call.form.json(lines: "hosts")]),
                done: "The hosts are saved, and answered from the next request on."
            ).save(call, asking: { hostQuestion($0, call) }, orShow: { try await page($0, call, .hosts, $1) })
        },
        .post("organizations/{organization}/portal/forums") { call in
            try await SettingsForm(
                tab: .portal,
                members: .members([
                    "sso": .members([
                        "private_forums": call.form.json(lines: "private_forums"),
                        "authorize_all_sso_users": call.form.json(box: "authorize_all_sso_users"),
                    ])
                ]), done: "The forums are saved, and guarded from the next request on."
            ).save(call) { try await page($0, call, .forums, $1) }
        },
        .post("organizations/{organization}/portal/sessions/end") { call in
            let settings = try await call.settings()
            guard call.isConfirmed else {
                return call.confirmation(
                    Confirmation(
                        title: "End all sessions of \(settings.name)?",
                        consequences: [
                            "Everybody who is signed in to the portal is signed out, and has to sign in again.",
                            "Tokens that widgets send go on working: to refuse those, revoke the secret.",
                        ], button: "End all sessions", cancel: call.address(OrganizationTab.portal.rawValue)),
                    in: .organization(settings, .portal))
            }
            let count = try await call.administration.sessions.end(.all, of: settings.id, by: call.who)
            return .seeOther(
                call.address(OrganizationTab.portal.rawValue),
                .good(count == 1 ? "One session is ended." : "\(count.grouped) sessions are ended."))
        },
        .post("organizations/{organization}/portal/sessions/{session}/end") { call in
            let settings = try await call.settings()
            let name = call.segment("session")
            guard call.isConfirmed else {
                return call.confirmation(
                    Confirmation(
                        title: "End this session?",
                        consequences: ["The browser of session \(name) is signed out of the portal."],
                        button: "End session", cancel: call.address(OrganizationTab.portal.rawValue)),
                    in: .organization(settings, .portal))
            }
            try await call.administration.sessions.end(session: name, of: settings.id, by: call.who)
            return .seeOther(call.address(OrganizationTab.portal.rawValue), .good("The session is ended."))
        },
    ]

    private enum Form { case hosts, forums }

    /// A portal whose host goes is out of reach.
    private static func hostQuestion(_ before: OrganizationSettings, _ call: ConsoleCall) -> Confirmation? {
        let kept = call.form.lines("hosts").map { $0.lowercased() }
        let gone = before.hosts.filter { !kept.contains($0) }
        guard !gone.isEmpty else { return nil }
        return Confirmation(
            title: "Take \(gone.count == 1 ? "a host" : "\(gone.count) hosts") out?",
            consequences: [
                "Requests to \(gone.joined(separator: ", ")) no longer reach \(before.name), and its visitors there are "
                    + "refused from the next request on."
            ], button: "Save hosts", cancel: call.address(OrganizationTab.portal.rawValue))
    }

    private static func page(
        _ settings: OrganizationSettings, _ call: ConsoleCall, _ form: Form?, _ problem: AdminProblem?
    ) async throws -> PageContent {
        let report = try await call.administration.signIn.report(on: settings.id, by: call.who)
        let cursor = call.query.text("cursor")
        let (sessions, next) = try await call.administration.sessions.list(
            of: settings.id, user: nil, after: cursor, limit: sessionsShown, by: call.who)
        var rows: [Row] = []
        var users: [String: DirectoryUser] = [:]
        for session in sessions {
            if users[session.user] == nil {
                users[session.user] = try? await call.administration.users.user(
                    session.user, of: settings.id, by: call.who)
            }
            rows.append(Row(session, users[session.user], call))
        }
        let path = call.address(OrganizationTab.portal.rawValue)
        func values(_ one: Form) -> FieldValues { FieldValues(entered: form == one ? call.form : nil) }
        return PageContent(
            "portal", title: "Portal", in: .organization(settings, .portal), status: problem?.code.status ?? 200,
            Page(
                version: settings.entityTag, address: path,
                addresses: report.addresses.enumerated().map { PortalAddressView($0.element, number: $0.offset) },
                isAnyPage: SignInAddresses.takesAnyPage(settings.dialect),
                hostsForm: FormState(form == .hosts ? problem : nil),
                hosts: values(.hosts).lines("hosts", settings.hosts),
                hasForums: settings.dialect == .uservoice,
                forumsForm: FormState(form == .forums ? problem : nil),
                privateForums: values(.forums).lines("private_forums", settings.sso.privateForums),
                authorizesAll: values(.forums).isOn("authorize_all_sso_users", settings.sso.authorizeAllSSOUsers),
                rows: rows, pager: Pager(path, query: [], cursor: cursor, next: next)))
    }

    private struct Page: Sendable {
        let version: String
        let address: String
        let addresses: [PortalAddressView]
        let isAnyPage: Bool
        let hostsForm: FormState
        let hosts: String
        let hasForums: Bool
        let forumsForm: FormState
        let privateForums: String
        let authorizesAll: Bool
        let rows: [Row]
        let pager: Pager
    }

    private struct Row: Sendable {
        let name: String
        let user: String
        let email: String?
        let userAddress: String
        let began: MomentText
        let ends: MomentText
        let keyID: String

        init(_ session: PortalSession, _ user: DirectoryUser?, _ call: ConsoleCall) {
            name = session.name
            self.user = user?.profile.name ?? user?.profile.email ?? session.user
            email = user?.profile.name == nil ? nil : user?.profile.email
            userAddress = ConsoleAddress.user(session.user, of: call.organization)
            began = MomentText(session.createdAt, now: call.now)
            ends = MomentText(session.expiresAt, now: call.now)
            keyID = session.keyID
        }
    }
}
