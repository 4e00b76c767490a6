import ControlPlane
import UserDirectory

/// Explains a token.
enum TokenCheckerPage {
    static let routes: [ConsoleRoute] = [
        .get("organizations/{organization}/token-checker") { call in
            .page(
                PageContent(
                    "token-checker", title: "Token checker",
                    in: .organization(try await call.settings(), .tokenChecker), Page()))
        }
    ]

    private struct Page: Sendable {}
}
