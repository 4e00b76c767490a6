import ControlPlane
import UserDirectory

/// Name, dialect, and how users are matched.
enum SettingsPage {
    static let routes: [ConsoleRoute] = [
        .get("organizations/{organization}/settings") { call in
            .page(
                PageContent(
                    "settings", title: "Settings", in: .organization(try await call.settings(), .settings), Page()))
        }
    ]

    private struct Page: Sendable {}
}
