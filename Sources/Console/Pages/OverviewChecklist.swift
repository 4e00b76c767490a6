import PortalSSO
import UserDirectory

/// What is left to do until an organization's users come in.
struct OverviewChecklist: Sendable {
    struct Step: Sendable {
        let isDone: Bool
        let title: String
        let words: String
        let link: String
        let linkText: String
    }

    let steps: [Step]
    /// `2 of 4`
    let progress: String

    /// Nil where nothing is missing. Sign-in on the portal is nobody's duty: untested, it is missing only where a login
    /// page is set, or while other things are.
    init?(
        _ settings: OrganizationSettings, hasSecret: Bool, hasAccepted: Bool, hasTokens: Bool,
        readiness: SignInReadiness
    ) {
        let isTested = readiness.unlocksEnable
        guard !hasSecret || settings.hosts.isEmpty || !hasAccepted || (!isTested && settings.sso.loginURL != nil) else {
            return nil
        }
        func tab(_ tab: OrganizationTab) -> String { ConsoleAddress.organization(settings.id, tab.rawValue) }
        steps = [
            Step(
                isDone: hasSecret, title: "Make an API secret",
                words: "The customer's server signs its users' tokens with it.", link: tab(.secrets),
                linkText: "API keys"),
            Step(
                isDone: !settings.hosts.isEmpty, title: "Name the portal's host",
                words: "Requests to that host are this organization's.", link: tab(.portal), linkText: "Portal"),
            Step(
                isDone: hasAccepted, title: "See the first token accepted",
                words: hasTokens && !hasAccepted
                    ? "Tokens have come, and every one was refused: the token log says why."
                    : "Sign one with the secret and let the widget identify a user, or paste it into the checker.",
                link: tab(hasTokens ? .tokenLog : .tokenChecker), linkText: hasTokens ? "Token log" : "Token checker"),
            Step(
                isDone: isTested, title: "Test SSO redirect", words: Self.signInWords(settings, readiness),
                link: tab(.signIn), linkText: "SSO redirect"),
        ]
        progress = "\(steps.count(where: \.isDone)) of \(steps.count)"
    }

    private static func signInWords(_ settings: OrganizationSettings, _ readiness: SignInReadiness) -> String {
        switch readiness {
        case .stale: "Login page, dialect or keys have changed since it was tested."
        case .failed(let code, _): "The last test failed: \(CodeGuide(code).title.lowercased())."
        case .tested: "Visitors of the portal can sign in through the customer's login page."
        case .untested:
            settings.sso.loginURL == nil
                ? "Optional: visitors of the portal sign in through the customer's login page."
                : "A login page is set, and nobody has tried it."
        }
    }
}
