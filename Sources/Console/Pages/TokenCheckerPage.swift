import ControlPlane
import UserDirectory

/// Explains a token. It comes in a form's body, is written down nowhere, and isn't sent back.
enum TokenCheckerPage {
    static let routes: [ConsoleRoute] = [
        .get("organizations/{organization}/token-checker") { call in
            .page(page(try await call.settings(), Page(result: nil, error: nil)))
        },
        .post("organizations/{organization}/token-checker") { call in
            let settings = try await call.settings()
            let pasted = PastedToken(call.form["token"] ?? "")
            guard !pasted.token.isEmpty else {
                return .page(page(settings, Page(result: nil, error: "Paste a token first."), status: 422))
            }
            do {
                let check = try await call.administration.tokenChecks.check(
                    pasted.token, of: settings.id, by: call.who)
                return .page(page(settings, Page(result: TokenCheckText(check, pasted, call), error: nil)))
            } catch let problem as AdminProblem where problem.code == .requestInvalid {
                return .page(
                    page(
                        settings, Page(result: nil, error: "This is longer than any token could be: 64 KiB."),
                        status: 422))
            }
        },
    ]

    private static func page(_ settings: OrganizationSettings, _ page: Page, status: Int = 200) -> PageContent {
        PageContent(
            "token-checker", title: "Token checker", in: .organization(settings, .tokenChecker), status: status, page)
    }

    private struct Page: Sendable {
        let result: TokenCheckText?
        let error: String?
    }
}
