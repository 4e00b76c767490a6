import ControlPlane
import UserDirectory

/// The secrets by which the organization's server signs.
enum SecretsPage {
    static let routes: [ConsoleRoute] = [
        .get("organizations/{organization}/keys") { call in
            .page(
                PageContent(
                    "secrets", title: "API keys", in: .organization(try await call.settings(), .secrets), Page()))
        }
    ]

    private struct Page: Sendable {}
}
