import ControlPlane
import IdentityCore
import UserDirectory

/// One row of the token log, as its table shows it.
struct TokenLogRow: Sendable {
    struct User: Sendable {
        let label: String
        let address: String
    }

    struct Warning: Sendable {
        let text: String
        let meaning: String
    }

    let id: String
    let time: MomentText
    let outcome: Badge
    let code: String
    let isRefused: Bool
    let guide: CodeGuide?
    let warnings: [Warning]
    let standsFor: String?
    let user: User?
    let keyID: String?
    let keys: String
    /// The client's; nil: it was taken out when its user was deleted.
    let address: String?
    /// The log, of that address alone.
    let log: String
    let origin: String?
    let source: String

    init(_ entry: TokenLogEntry, user: User?, now: Double) {
        id = String(entry.id)
        time = MomentText(entry.time, now: now)
        code = entry.code
        isRefused = !entry.isAccepted
        guide = CodeGuide(code: entry.code)
        outcome = entry.isAccepted ? Badge("Accepted", "good") : Badge(guide?.title ?? entry.code, "bad")
        warnings = entry.warnings.map { Warning(text: Self.shortWarning($0), meaning: Self.warning($0)) }
        standsFor = entry.standsFor > 1 ? entry.standsFor.grouped : nil
        self.user = user
        keyID = entry.keyID
        keys = ConsoleAddress.organization(entry.organization, OrganizationTab.secrets.rawValue)
        address = entry.address.isEmpty ? nil : entry.address
        log = ConsoleAddress.tokenLog(entry.organization, [("address", entry.address)])
        origin = entry.origin
        source = Self.source(entry.source)
    }

    /// Rows with the names of their users, as far as the directory still has them.
    static func rows(_ entries: [TokenLogEntry], _ call: ConsoleCall) async throws -> [TokenLogRow] {
        var users: [String: User] = [:]
        for id in Set(entries.compactMap(\.user)) {
            users[id] = User(label: id, address: ConsoleAddress.user(id, of: call.organization))
            do {
                let user = try await call.administration.users.user(id, of: call.organization, by: call.who)
                // Another user's own id may read like the directory id of one who is gone.
                guard user.id == id else { continue }
                users[id] = User(
                    label: shortened(user.profile.email ?? user.profile.externalID ?? id),
                    address: ConsoleAddress.user(id, of: call.organization))
            } catch let problem as AdminProblem where problem.code == .userUnknown {
                continue
            }
        }
        return entries.map { entry in TokenLogRow(entry, user: entry.user.flatMap { users[$0] }, now: call.now) }
    }

    static func source(_ source: TokenSource) -> String {
        switch source {
        case .header: "Authorization header"
        case .ssoParameter: "?sso= of a page"
        case .form: "login form"
        case .body: "identify call"
        case .callback: "SSO callback"
        }
    }

    /// What a warning of an accepted token is, by its name in `TokenWarnings.names`.
    static func warning(_ name: String) -> String {
        switch name {
        case "extra_dropped": "Its unknown claims took more than 4 KiB and were dropped."
        case "privilege_deny_ignored": "A 'deny' of a role was ignored: the token doesn't say 'trusted'."
        default: name
        }
    }

    private static func shortened(_ text: String) -> String {
        let longest = 60
        return text.count > longest ? String(text.prefix(longest)) + "…" : text
    }

    private static func shortWarning(_ name: String) -> String {
        switch name {
        case "extra_dropped": "claims dropped"
        case "privilege_deny_ignored": "deny ignored"
        default: name
        }
    }
}
