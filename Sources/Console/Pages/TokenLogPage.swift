import ControlPlane
import UserDirectory

/// Every token that was presented.
enum TokenLogPage {
    static let routes: [ConsoleRoute] = [
        .get("organizations/{organization}/token-log") { call in
            .page(
                PageContent(
                    "token-log", title: "Token log", in: .organization(try await call.settings(), .tokenLog), Page()))
        }
    ]

    private struct Page: Sendable {}
}
