import ControlPlane
import UserDirectory

/// How tokens fared, and what needs a look.
enum OverviewPage {
    static let routes: [ConsoleRoute] = [
        .get("organizations/{organization}") { call in
            .page(
                PageContent(
                    "overview", title: "Overview", in: .organization(try await call.settings(), .overview), Page()))
        }
    ]

    private struct Page: Sendable {}
}
