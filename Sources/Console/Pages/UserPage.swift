import ControlPlane
import UserDirectory

/// One user.
enum UserPage {
    static let routes: [ConsoleRoute] = [
        .get("organizations/{organization}/users/{user}") { call in
            .page(
                PageContent(
                    "user", title: "User", in: .organization(try await call.settings(), .users), Page()))
        }
    ]

    private struct Page: Sendable {}
}
