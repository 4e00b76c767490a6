import Testing

@testable import Demo

@Suite struct DemoBackendTests {
    private let backend = DemoBackend(organizations: ["acme"]) { 1_700_000_000 }

    private static let ada: [(name: String, value: String)] = [
        ("x-widget-state", "identified"), ("x-widget-organization", "acme"), ("x-widget-user", "u_1"),
        ("x-widget-user-id", "1001"), ("x-widget-user-email", "ada@acme.test"),
        ("x-widget-user-name", "Ada%20Lovelace%20%C3%A9"), ("x-widget-verified-by", "token"),
    ]
    private static let anonymous: [(name: String, value: String)] = [
        ("x-widget-state", "anonymous"), ("x-widget-organization", "acme"),
    ]

    private func get(_ target: String, _ fields: [(name: String, value: String)] = ada) -> DemoResponse {
        backend.respond(to: DemoRequest(method: "GET", target: target, fields: fields))
    }

    private func post(
        _ body: String, _ fields: [(name: String, value: String)] = ada, type: String = "application/json"
    ) -> DemoResponse {
        let request = DemoRequest(
            method: "POST", target: "/api/feedback", fields: fields + [("content-type", type)], body: Array(body.utf8))
        return backend.respond(to: request)
    }

    @Test func `whoami says what the identity headers say`() {
        #expect(
            get("/api/whoami").text == #"{"state":"identified","organization":"acme","user":{"id":"u_1","#
                + #""external_id":"1001","email":"ada@acme.test","name":"Ada Lovelace é"},"verified_by":"token"}"#)
        #expect(
            get("/api/whoami", Self.anonymous).text
                == #"{"state":"anonymous","organization":"acme","user":null,"verified_by":null}"#)
        #expect(
            get("/api/whoami", []).text == #"{"state":null,"organization":null,"user":null,"verified_by":null}"#)
    }

    @Test func `a post stands on the board under its author's name and without the address`() {
        let answer = post(#"{"text": "  Dark mode \"please\" \u2028 "}"#)
        #expect(answer.status == 201)
        #expect(answer.text.contains(#""text":"Dark mode \"please\"""#))
        let board = get("/api/feedback").text
        #expect(board.hasPrefix(#"{"posts":[{"id":4,"text":"Dark mode"#))
        #expect(board.contains(#""author":{"name":"Ada Lovelace é","verified":true}"#))
        #expect(board.contains(#""created_at":"2023-11-14T22:13:20Z""#))
        #expect(!board.contains("@"))
    }

    @Test func `an anonymous post has no name`() {
        #expect(post(#"{"text": "hello"}"#, Self.anonymous).text.contains(#"{"name":"A visitor","verified":false}"#))
    }

    @Test func `boards are kept apart`() {
        let other = [(name: "x-widget-organization", value: "lockd")]
        #expect(get("/api/feedback", other).text == #"{"posts":[]}"#)
    }

    @Test(arguments: [
        ("", 400), ("[]", 400), (#"{"text": 1}"#, 400), (#"{"text": "  \n "}"#, 422),
        (#"{"text": "\#(String(repeating: "é", count: 2001))"}"#, 422),
        (#"{"text": "\#(String(repeating: "é", count: 2000))"}"#, 201),
    ])
    func `what isn't a text is refused`(body: String, status: Int) {
        #expect(post(body).status == status)
    }

    @Test func `a form of another site can't post`() {
        for type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/json2"]
        {
            #expect(post(#"{"text": "x"}"#, type: type).status == 415)
        }
        #expect(post(#"{"text": "x"}"#, type: "Application/JSON; charset=utf-8").status == 201)
    }

    @Test func `the oldest posts make room, and organizations are bounded`() {
        let board = FeedbackBoard()
        for index in 0..<150 { board.add("\(index)", by: "x", isVerified: false, at: 0, to: "acme") }
        #expect(board.posts(of: "acme").map(\.text) == (50..<150).reversed().map(String.init))
        for index in 0..<20 { board.add("x", by: "x", isVerified: false, at: 0, to: "other-\(index)") }
        #expect(board.posts(of: "other-14").count == 1)
        #expect(board.posts(of: "other-15").isEmpty)
    }

    @Test func `the page shows who is there and takes no markup from it`() {
        var fields = Self.ada
        fields[5].value = "%3Cscript%3Ealert(1)%3C/script%3E%7B%7Bmark%7D%7D"
        let page = get("/?organizationId=acme", fields)
        #expect(page.status == 200)
        #expect(page.text.contains("<dd>&lt;script&gt;alert(1)&lt;/script&gt;{{mark}}</dd>"))
        #expect(page.text.contains(#"data-state="identified""#))
        #expect(page.text.contains(#"<body data-organization="acme">"#))
        #expect(!page.text.contains("<script>"))
        #expect(page.field("content-security-policy")?.contains("default-src 'none'; script-src 'self';") == true)
    }

    @Test func `the page says so where the gateway was passed by`() {
        let page = get("/", []).text
        #expect(page.contains("didn’t come through the gateway"))
        #expect(!page.contains("Sign in"))
    }

    @Test func `who isn't signed in is shown the way in`() {
        let page = get("/", Self.anonymous).text
        #expect(page.contains(#"<a class="button" href="/_widget/sso/start?return_to=%2F">Sign in</a>"#))
        #expect(!page.contains("Sign out"))
        #expect(page.contains("Acme’s portal"))
    }

    @Test func `who is signed in is shown who they are, and the way out`() {
        var fields = Self.ada
        fields[6].value = "session"
        let page = get("/", fields).text
        #expect(page.contains("Signed in as <strong>Ada Lovelace é</strong>"))
        #expect(page.contains(#"<form method="post" action="/_widget/logout">"#))
        #expect(!page.contains("/_widget/sso/start"))
    }

    @Test func `who came with a token has nothing to sign out of`() {
        let page = get("/").text
        #expect(page.contains("<strong>Ada Lovelace é</strong>"))
        #expect(!page.contains("Sign out"))
        #expect(!page.contains("Sign in"))
    }

    @Test func `where the host names no organization, links do`() {
        let start = "/_widget/sso/start?organizationId=acme&amp;return_to=%2F%3ForganizationId%3Dacme"
        #expect(get("/?organizationId=acme", Self.anonymous).text.contains(#"href="\#(start)">Sign in"#))
        var fields = Self.ada
        fields[6].value = "session"
        #expect(
            get("/?organizationId=acme", fields).text
                .contains(#"method="post" action="/_widget/logout?organizationId=acme">"#))
    }

    @Test func `signing out may lead on to the login page`() {
        let portal = DemoBackend(organizations: [], loginOrigin: "http://localhost:9100") { 0 }
        let page = portal.respond(to: DemoRequest(method: "GET", target: "/"))
        #expect(page.field("content-security-policy")?.contains("form-action 'self' http://localhost:9100;") == true)
        #expect(get("/").field("content-security-policy")?.contains("form-action 'self';") == true)
    }

    @Test func `the page's own files are there`() {
        for path in [
            "/assets/base.css", "/assets/board.css", "/assets/board.js", "/assets/posts.js", "/assets/mark.svg",
        ] {
            #expect(get(path).status == 200, "\(path)")
        }
        #expect(get("/assets/none.js").status == 404)
        #expect(backend.respond(to: DemoRequest(method: "DELETE", target: "/")).status == 405)
    }
}

extension DemoResponse {
    var text: String { String(decoding: body, as: UTF8.self) }

    func field(_ name: String) -> String? { fields.first { "\($0.name)" == name }?.value }
}
