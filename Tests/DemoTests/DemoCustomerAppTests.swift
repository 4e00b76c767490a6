import Foundation
import IdentityCore
import Testing

@testable import Demo

@Suite struct DemoCustomerAppTests {
    private static let secret = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    private let app = DemoCustomerApp(
        organizations: [DemoOrganization(id: "acme", secret: secret, portals: ["http://acme.localhost:8080"])],
        gateway: "http://127.0.0.1:8080",
        now: { 1_700_000_000 })

    private func token(_ body: String, type: String = "application/json") -> DemoResponse {
        app.respond(
            to: DemoRequest(
                method: "POST", target: "/token", fields: [("content-type", type)], body: Array(body.utf8)))
    }

    @Test(arguments: DemoVisitor.allCases)
    func `each visitor gets a token`(visitor: DemoVisitor) throws {
        let answer = token(#"{"visitor": "\#(visitor.rawValue)", "organization": "acme"}"#)
        #expect(answer.status == 200)
        #expect(answer.text.contains(#"{"token":"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."#))
        #expect(!answer.text.contains(Self.secret))
    }

    @Test func `only Mallory's user hash isn't her own`() {
        #expect(DemoVisitor.allCases.filter { $0.email(in: "acme") == "ada@acme.test" } == [.ada, .mallory])
        let organization = DemoOrganization(id: "acme", secret: Self.secret)
        let tokens = DemoVisitor.allCases.compactMap { $0.token(for: organization, now: 0) }
        #expect(Set(tokens).count == 3)
    }

    // Expected: the claims that each product's documentation asks for.
    @Test(arguments: [
        (Dialect.productbridge, #"{"id":"1001","email":"ada@acme.test","name":"Ada Lovelace","company_name":"Acme","#),
        (Dialect.productlift, #"{"uid":"1001","email":"ada@acme.test","name":"Ada Lovelace","company":"Acme","#),
    ])
    func `a token is in the organization's dialect`(dialect: Dialect, claims: String) throws {
        let organization = DemoOrganization(id: "acme", secret: Self.secret, dialect: dialect)
        let token = try #require(DemoVisitor.ada.token(for: organization, now: 1_700_000_000))
        let payload = try #require(Data(base64URL: token.split(separator: ".")[1]))
        let text = String(decoding: payload, as: UTF8.self)
        #expect(text.hasPrefix(claims))
        #expect(text.contains(#""iat":1700000000,"exp":1700000300"#))
    }

    @Test(arguments: [
        #"{"visitor": "nobody", "organization": "acme"}"#, #"{"visitor": "ada", "organization": "other"}"#, "{}", "",
    ])
    func `nobody else does`(body: String) {
        #expect(token(body).status == 400)
    }

    @Test func `another site can't ask for one`() {
        #expect(token(#"{"visitor": "ada", "organization": "acme"}"#, type: "text/plain").status == 415)
    }

    @Test func `the page loads the SDK from the gateway and may talk to nobody else`() {
        let page = app.respond(to: DemoRequest(method: "GET", target: "/?visitor=ada"))
        #expect(page.text.contains(#"<script src="http://127.0.0.1:8080/_widget/sdk.js" defer></script>"#))
        #expect(page.text.contains(#"<a href="http://acme.localhost:8080/">The portal"#))
        #expect(!page.text.contains("{{"))
        let policy = page.field("content-security-policy") ?? ""
        #expect(policy.contains("script-src 'self' http://127.0.0.1:8080;"))
        #expect(policy.contains("connect-src 'self' http://127.0.0.1:8080;"))
        #expect(policy.contains("frame-ancestors 'none'"))
    }

    @Test func `the page's own files are there`() {
        for path in ["/app.css", "/base.css", "/login.css", "/app.js", "/posts.js", "/mark.svg"] {
            #expect(app.respond(to: DemoRequest(method: "GET", target: path)).status == 200, "\(path)")
        }
        #expect(app.respond(to: DemoRequest(method: "GET", target: "/secret")).status == 404)
        #expect(app.respond(to: DemoRequest(method: "GET", target: "/token")).status == 405)
    }
}

extension Data {
    fileprivate init?(base64URL text: some StringProtocol) {
        let standard = String(text).replacing("-", with: "+").replacing("_", with: "/")
        self.init(base64Encoded: standard + String(repeating: "=", count: (4 - standard.count % 4) % 4))
    }
}
