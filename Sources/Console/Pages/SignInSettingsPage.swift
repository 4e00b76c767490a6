import ControlPlane
import UserDirectory

/// How portal visitors sign in through the organization's own login page.
enum SignInSettingsPage {
    static let routes: [ConsoleRoute] = [
        .get("organizations/{organization}/sso") { call in
            .page(
                PageContent(
                    "sign-in-settings", title: "SSO redirect", in: .organization(try await call.settings(), .signIn),
                    Page()))
        }
    ]

    private struct Page: Sendable {}
}
