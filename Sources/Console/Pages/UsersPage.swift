import ControlPlane
import UserDirectory

/// Everybody whom the directory knows.
enum UsersPage {
    static let routes: [ConsoleRoute] = [
        .get("organizations/{organization}/users") { call in
            .page(
                PageContent(
                    "users", title: "Users", in: .organization(try await call.settings(), .users), Page()))
        }
    ]

    private struct Page: Sendable {}
}
