import ControlPlane
import IdentityCore
import UserDirectory

/// One user: who they are, what they do, and what was done to them.
enum UserPage {
    private static let sessionsShown = 50
    private static let tokensShown = 20
    private static let changesShown = 10
    private static let day = 86_400.0

    static let routes: [ConsoleRoute] = [
        .get("organizations/{organization}/users/{user}") { call in
            let settings = try await call.settings()
            let user = try await call.user()
            // The one address of the page, whatever the user was named by.
            guard call.segment("user") == user.id else {
                return .seeOther(ConsoleAddress.user(user.id, of: settings.id))
            }
            return .page(
                PageContent(
                    "user", title: user.shownName, in: .organization(settings, .users),
                    try await Page(call, settings, user)))
        },
        .get("organizations/{organization}/users/{user}/data.json") { call in
            let record = try await call.administration.users.everything(
                on: call.segment("user"), of: call.organization, by: call.who)
            let text = PrettyJSON.text(Representation.userData(record)) + "\n"
            return .response(
                .download(
                    .whole(Array(text.utf8)), type: "application/json", name: "user-\(record.user.id).json"))
        },
    ]

    private struct Page: Sendable {
        let address: String
        let name: String
        let email: String?
        let avatar: Avatar
        let badges: [Badge]
        let isBlocked: Bool
        let groups: [FactGroup]
        let meta: String?
        let extra: String?
        let roles: [Option]
        let sessions: [SessionRow]
        let hasMoreSessions: Bool
        let tokens: [TokenRow]
        let repeatsToday: String?
        let repeatsThisWeek: String?
        let tokenLog: String
        let changes: [ChangeRow]
        let audit: String

        init(_ call: ConsoleCall, _ settings: OrganizationSettings, _ user: DirectoryUser) async throws {
            let services = call.administration
            let now = call.now
            address = ConsoleAddress.user(user.id, of: settings.id)
            name = user.shownName
            email = user.profile.name == nil ? nil : user.profile.email?.shownShort
            avatar = user.avatar
            badges = user.badges
            isBlocked = user.blockedAt != nil
            groups = FactGroup.all(of: user, now: now)
            meta = user.profile.meta.map { PrettyJSON.text($0.text) }
            extra = user.profile.extra.map { PrettyJSON.text($0.text) }
            roles = UserRole.allCases.map { Option($0.rawValue, $0.rawValue, isChosen: $0 == user.role) }

            let sessions = try await services.sessions.list(
                of: settings.id, user: user.id, limit: sessionsShown + 1, by: call.who)
            let address = address
            self.sessions = sessions.prefix(sessionsShown).map { SessionRow($0, of: address, now: now) }
            hasMoreSessions = sessions.count > sessionsShown

            let tokens = try await services.tokenLog.list(
                TokenLogFilter(organization: settings.id, user: user.id), before: nil, limit: tokensShown, by: call.who)
            self.tokens = tokens.entries.map { TokenRow($0, now: now) }
            let repeats = try await services.tokenLog.repeats(
                of: settings.id, user: user.id, since: now - 7 * day, by: call.who)
            func about(_ repeats: some Sequence<TokenRepeats>) -> String? {
                let count = repeats.reduce(0) { $0 + $1.count }
                return count > 0 ? count.grouped : nil
            }
            repeatsToday = about(repeats.lazy.filter { $0.hour >= now - day })
            repeatsThisWeek = about(repeats)
            tokenLog = call.address("token-log") + "?user=" + user.id.percentEncoded

            var filter = AuditFilter()
            filter.organization = settings.id
            filter.subject = user.id
            let changes = try await services.audit.list(filter, before: nil, limit: changesShown, by: call.who)
            self.changes = changes.entries.map { ChangeRow($0, now: now) }
            audit = call.address("audit") + "?subject=" + user.id.percentEncoded
        }
    }

    private struct SessionRow: Sendable {
        let id: String
        let end: String
        let secret: String
        let began: MomentText
        let ends: MomentText

        init(_ session: PortalSession, of user: String, now: Double) {
            id = session.name
            end = "\(user)/sessions/\(session.name)/end"
            secret = session.keyID
            began = MomentText(session.createdAt, now: now)
            ends = MomentText(session.expiresAt, now: now)
        }
    }

    private struct TokenRow: Sendable {
        let at: MomentText
        let outcome: Badge
        let warnings: [String]
        let source: String
        let address: String
        let origin: String?
        let secret: String?
        /// How many this row stands for, where they came too fast to be told apart.
        let count: Int?

        init(_ entry: TokenLogEntry, now: Double) {
            at = MomentText(entry.time, now: now)
            outcome = Badge(entry.code, entry.isAccepted ? "good" : "bad")
            warnings = entry.warnings
            source = entry.source.words
            address = entry.address
            origin = entry.origin?.shownShort
            secret = entry.keyID
            count = entry.standsFor > 1 ? entry.standsFor : nil
        }
    }

    private struct ChangeRow: Sendable {
        let at: MomentText
        let action: String
        let actor: String
        let address: String?
        let before: String?
        let after: String?

        init(_ entry: AuditEntry, now: Double) {
            at = MomentText(entry.at, now: now)
            action = entry.action
            actor = entry.actor.name.shownShort
            address = entry.actor.address
            before = entry.before.map(PrettyJSON.text)
            after = entry.after.map(PrettyJSON.text)
        }
    }
}

extension ConsoleCall {
    /// The user whom the path names.
    func user() async throws -> DirectoryUser {
        try await administration.users.user(segment("user"), of: organization, by: who)
    }
}

extension TokenSource {
    fileprivate var words: String {
        switch self {
        case .header: "header"
        case .ssoParameter: "?sso= of a page"
        case .form: "login page's form"
        case .body: "identify"
        case .callback: "callback"
        }
    }
}
