import IdentityCore

/// The demo's customer: an app of another origin that embeds the SDK and signs tokens on its own server.
///
/// `GET /` is the app, `POST /token` with `{"visitor": "ada", "organization": "acme"}` signs one, and `/login` is where
/// portals send those whom they want signed in.
package struct DemoCustomerApp: DemoSite {
    private let organizations: [DemoOrganization]
    private let gateway: String
    private let now: @Sendable () -> Int
    private let loginPage: LoginPage

    /// - Parameters:
    ///   - organizations: those that visitors can choose: `acme` and `lockd`.
    ///   - gateway: the origin of the gateway as browsers reach it, such as `http://127.0.0.1:8080`.
    ///   - now: seconds since 1970.
    package init(organizations: [DemoOrganization], gateway: String, now: @escaping @Sendable () -> Int) {
        self.organizations = organizations
        self.gateway = gateway
        self.now = now
        loginPage = LoginPage(organizations: organizations, now: now)
    }

    package func respond(to request: DemoRequest) -> DemoResponse {
        if request.path == "/login" { return loginPage.respond(to: request) }
        if request.path == "/token" {
            return request.method == "POST" ? sign(request) : .methodNotAllowed("POST")
        }
        guard let page = page(request.path) else { return .notFound }
        return request.method == "GET" || request.method == "HEAD" ? page : .methodNotAllowed("GET")
    }

    private func page(_ path: String) -> DemoResponse? {
        switch path {
        case "/":
            .page(
                PageTemplate.fill(
                    DemoPages.appHTML,
                    values: ["gateway": gateway, "portal": organizations.first?.portals.first ?? ""],
                    markup: ["mark": DemoPages.markSVG]),
                gateway: gateway)
        case "/app.css": DemoResponse(200, type: "text/css; charset=utf-8", body: DemoPages.appCSS)
        case "/login.css": DemoResponse(200, type: "text/css; charset=utf-8", body: DemoPages.loginCSS)
        case "/base.css": DemoResponse(200, type: "text/css; charset=utf-8", body: DemoPages.baseCSS)
        case "/app.js": DemoResponse(200, type: "text/javascript; charset=utf-8", body: DemoPages.appJS)
        case "/posts.js": DemoResponse(200, type: "text/javascript; charset=utf-8", body: DemoPages.postsJS)
        case "/mark.svg": DemoResponse(200, type: "image/svg+xml", body: DemoPages.markSVG)
        default: nil
        }
    }

    private func sign(_ request: DemoRequest) -> DemoResponse {
        guard request.isJSON else { return .problem(415, "who is visiting is sent as application/json") }
        guard let wish = DemoJSON.read(Wish.self, from: request.body),
            let visitor = DemoVisitor(rawValue: wish.visitor),
            let organization = organizations.first(where: { $0.id == wish.organization })
        else { return .problem(400, "there is no such visitor or organization") }
        guard let token = visitor.token(for: organization, now: now()) else {
            return .problem(500, "the token couldn't be signed")
        }
        return DemoResponse(200, type: "application/json", body: DemoJSON.text(["token": .text(token)]))
    }

    private struct Wish: Decodable {
        let visitor: String
        let organization: String
    }
}
