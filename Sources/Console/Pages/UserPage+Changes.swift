import ControlPlane
import IdentityCore
import UserDirectory

/// What administrators do to a user.
extension UserPage {
    static let changes: [ConsoleRoute] = [
        change("block", block), change("unblock", unblock), change("sign-out", signOut), change("role", setRole),
        change("delete", delete), change("sessions/end", endSessions), change("sessions/{session}/end", endSession),
    ]

    private typealias Change =
        @Sendable (ConsoleCall, OrganizationSettings, DirectoryUser, _ back: String) async throws -> ConsoleAnswer

    private static func change(_ path: String, _ run: @escaping Change) -> ConsoleRoute {
        .post("organizations/{organization}/users/{user}/" + path) { call in
            let settings = try await call.settings()
            try call.who.change(settings.id)
            let user = try await call.user()
            return try await run(call, settings, user, ConsoleAddress.user(user.id, of: settings.id))
        }
    }

    private static let block: Change = { call, settings, user, back in
        guard call.isConfirmed else {
            return call.confirmation(
                Confirmation(
                    title: "Block \(user.shownName)?",
                    consequences: [
                        "They are refused from the next request on, on the widget and on the portal, whatever token "
                            + "they bring.",
                        "What is known of them stays, and you can let them in again.",
                    ], button: "Block user", cancel: back),
                in: .organization(settings, .users))
        }
        _ = try await call.administration.users.setBlocked(true, user.id, of: settings.id, by: call.who)
        return .seeOther(back, .good("\(user.shownName) is blocked."))
    }

    private static let unblock: Change = { call, settings, user, back in
        _ = try await call.administration.users.setBlocked(false, user.id, of: settings.id, by: call.who)
        return .seeOther(back, .good("\(user.shownName) may come in again."))
    }

    private static let signOut: Change = { call, settings, user, back in
        guard call.isConfirmed else {
            return call.confirmation(
                Confirmation(
                    title: "Sign \(user.shownName) out everywhere?",
                    consequences: [
                        "Their sessions on the portal end, and every token that was issued until now is refused.",
                        "They come in again by a new token: their own app signs one when they next open it.",
                    ], button: "Sign out everywhere", cancel: back),
                in: .organization(settings, .users))
        }
        _ = try await call.administration.users.signOutEverywhere(user.id, of: settings.id, by: call.who)
        return .seeOther(back, .good("\(user.shownName) is signed out everywhere."))
    }

    private static let setRole: Change = { call, settings, user, back in
        guard let role = call.form.choice("role", UserRole.self) else {
            throw AdminProblem.invalid("role", "must be user, admin or owner")
        }
        guard role != user.role else { return .seeOther(back, .good("\(user.shownName) is \(role.phrase) already.")) }
        guard call.isConfirmed else {
            return call.confirmation(
                Confirmation(
                    title: "Make \(user.shownName) \(role.phrase)?",
                    consequences: consequences(of: role, instead: user.role, settings.dialect), button: "Change role",
                    cancel: back, isDestructive: false),
                in: .organization(settings, .users))
        }
        _ = try await call.administration.users.setRole(role, user.id, of: settings.id, by: call.who)
        return .seeOther(back, .good("\(user.shownName) is \(role.phrase) now."))
    }

    private static func consequences(
        of role: UserRole, instead former: UserRole, _ dialect: Dialect
    ) -> [String] {
        var texts = ["They are \(former.phrase) now. The role tells the portal what they may do there."]
        guard role != .user else { return texts + ["They lose what admins and owners may do."] }
        switch dialect {
        case .productlift:
            texts.append("In this dialect, admins and owners are never signed in by a token: they will be refused.")
        case .uservoice:
            texts.append(
                "In this dialect, an admin's token must say that it is trusted, or that the admin is accepted: "
                    + "others are refused.")
        default: break
        }
        return texts
    }

    private static let delete: Change = { call, settings, user, back in
        guard call.isConfirmed else {
            let sessions = try await call.administration.sessions.list(
                of: settings.id, user: user.id, limit: 1000, by: call.who
            ).count
            let again =
                settings.identifyMode == .upsert || settings.ssoIdentifyMode == .upsert
                ? "A valid token makes them anew. To keep them out, block them instead."
                : "A token can't make them anew: only known users are let in."
            return call.confirmation(
                Confirmation(
                    title: "Delete \(user.shownName) with everything?",
                    consequences: [
                        "Their profile, their role and their sessions (\(sessions) now) are deleted. This can't be undone.",
                        "The token log forgets them: its rows stay, without the user and the address. The audit log "
                            + "keeps their directory id.", again,
                    ], button: "Delete user", cancel: back),
                in: .organization(settings, .users))
        }
        try await call.administration.users.delete(user.id, of: settings.id, by: call.who)
        return .seeOther(call.address("users"), .good("\(user.shownName) is deleted, with everything."))
    }

    private static let endSessions: Change = { call, settings, user, back in
        guard call.isConfirmed else {
            return call.confirmation(
                Confirmation(
                    title: "End all sessions of \(user.shownName)?",
                    consequences: [
                        "They are signed out of the portal in every browser. Tokens that they have go on being good: to "
                            + "end those too, sign them out everywhere."
                    ], button: "End sessions", cancel: back),
                in: .organization(settings, .users))
        }
        let count = try await call.administration.sessions.end(.user(user.id), of: settings.id, by: call.who)
        return .seeOther(back, .good(count == 1 ? "One session has ended." : "\(count) sessions have ended."))
    }

    private static let endSession: Change = { call, settings, user, back in
        let name = call.segment("session")
        let sessions = try await call.administration.sessions.list(
            of: settings.id, user: user.id, limit: 1000, by: call.who)
        guard sessions.contains(where: { $0.name == name }) else {
            throw AdminProblem(.sessionUnknown, "The user has no such session.")
        }
        guard call.isConfirmed else {
            return call.confirmation(
                Confirmation(
                    title: "End this session of \(user.shownName)?",
                    consequences: ["They are signed out of the portal in one browser."], button: "End session",
                    cancel: back),
                in: .organization(settings, .users))
        }
        try await call.administration.sessions.end(session: name, of: settings.id, by: call.who)
        return .seeOther(back, .good("The session has ended."))
    }
}

extension UserRole {
    fileprivate var phrase: String {
        switch self {
        case .user: "a user"
        case .admin: "an admin"
        case .owner: "an owner"
        }
    }
}
