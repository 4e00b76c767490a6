/// The demo's upstream: a feedback board that believes the gateway and knows no secret.
///
/// `GET /` is the board as a page, `GET /api/whoami` what the identity headers say, `GET` and `POST /api/feedback` the
/// posts of the organization that the gateway names, `/assets/…` the page's own files.
package struct DemoBackend: DemoSite {
    private let board = FeedbackBoard()
    private let loginOrigin: String?
    private let now: @Sendable () -> Int

    /// - Parameters:
    ///   - organizations: the ids whose boards begin with a few posts.
    ///   - loginOrigin: where the organizations' login page is: signing out of a portal that needs a session leads there.
    ///   - now: seconds since 1970.
    package init(organizations: [String], loginOrigin: String? = nil, now: @escaping @Sendable () -> Int) {
        self.loginOrigin = loginOrigin
        self.now = now
        for organization in organizations {
            for (author, hours, text) in DemoBackend.firstPosts {
                board.add(text, by: author, isVerified: true, at: now() - hours * 3600, to: organization)
            }
        }
    }

    package func respond(to request: DemoRequest) -> DemoResponse {
        let isRead = request.method == "GET" || request.method == "HEAD"
        if request.path == "/api/feedback" {
            if request.method == "POST" { return post(request) }
            return isRead ? list(request) : .methodNotAllowed("GET, POST")
        }
        guard let resource = resource(request) else { return .notFound }
        return isRead ? resource : .methodNotAllowed("GET")
    }

    private func resource(_ request: DemoRequest) -> DemoResponse? {
        switch request.path {
        case "/": page(request)
        case "/api/whoami": DemoResponse(200, type: "application/json", body: ForwardedIdentity(request).json.text)
        case "/assets/base.css": DemoResponse(200, type: "text/css; charset=utf-8", body: DemoPages.baseCSS)
        case "/assets/board.css": DemoResponse(200, type: "text/css; charset=utf-8", body: DemoPages.boardCSS)
        case "/assets/board.js": DemoResponse(200, type: "text/javascript; charset=utf-8", body: DemoPages.boardJS)
        case "/assets/posts.js": DemoResponse(200, type: "text/javascript; charset=utf-8", body: DemoPages.postsJS)
        case "/assets/mark.svg": DemoResponse(200, type: "image/svg+xml", body: DemoPages.markSVG)
        default: nil
        }
    }

    private func page(_ request: DemoRequest) -> DemoResponse {
        let page = BoardPage(
            identity: ForwardedIdentity(request), namesOrganization: request.query["organizationId"] != nil)
        return .page(page.html, formsLeadTo: loginOrigin.map { [$0] } ?? [])
    }

    private func list(_ request: DemoRequest) -> DemoResponse {
        let posts = board.posts(of: ForwardedIdentity(request).organization ?? "")
        return DemoResponse(200, type: "application/json", body: DemoJSON.text(["posts": .list(posts.map(\.json))]))
    }

    private func post(_ request: DemoRequest) -> DemoResponse {
        guard request.isJSON else { return .problem(415, "feedback is sent as application/json") }
        guard let feedback = DemoJSON.read(Feedback.self, from: request.body) else {
            return .problem(400, "the body isn't a JSON object with a text")
        }
        let text = feedback.text.trimmed
        guard !text.isEmpty else { return .problem(422, "the text is empty") }
        guard text.unicodeScalars.count <= FeedbackBoard.maximumText else {
            return .problem(422, "the text is longer than \(FeedbackBoard.maximumText) characters")
        }
        let identity = ForwardedIdentity(request)
        let post = board.add(
            text, by: identity.author, isVerified: identity.isIdentified, at: now(), to: identity.organization ?? "")
        guard let post else { return .problem(503, "the demo's board is full") }
        return DemoResponse(201, type: "application/json", body: post.json.text)
    }

    private struct Feedback: Decodable {
        let text: String
    }

    /// Author, age in hours, text; oldest first.
    private static let firstPosts: [(author: String, hours: Int, text: String)] = [
        ("Edsger D.", 74, "Keyboard shortcuts for the things I do fifty times a day."),
        ("Barbara L.", 27, "Let me choose which notifications reach me by email."),
        ("Alan K.", 3, "A calendar view of what is due this week."),
    ]
}

extension String {
    /// Without white space and line ends at either end.
    fileprivate var trimmed: String {
        let start = drop { $0.isWhitespace }
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...last])
    }
}
