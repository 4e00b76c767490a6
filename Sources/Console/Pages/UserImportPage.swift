import ControlPlane
import UserDirectory

/// Users from CSV.
enum UserImportPage {
    static let routes: [ConsoleRoute] = [
        .get("organizations/{organization}/users/import") { call in
            .page(
                PageContent(
                    "user-import", title: "Import users", in: .organization(try await call.settings(), .users), Page()))
        }
    ]

    private struct Page: Sendable {}
}
