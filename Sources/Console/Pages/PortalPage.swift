import ControlPlane
import UserDirectory

/// The portal's addresses and hosts.
enum PortalPage {
    static let routes: [ConsoleRoute] = [
        .get("organizations/{organization}/portal") { call in
            .page(
                PageContent(
                    "portal", title: "Portal", in: .organization(try await call.settings(), .portal), Page()))
        }
    ]

    private struct Page: Sendable {}
}
