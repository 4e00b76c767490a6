import IdentityCore
import Testing

@testable import Demo

@Suite struct LoginPageTests {
    private static let acme = DemoOrganization(
        id: "acme", secret: String(repeating: "0a", count: 32),
        portals: ["http://acme.localhost:8080", "https://acme.localhost:8443", "http://localhost:8080"])
    private static let lockd = DemoOrganization(
        id: "lockd", secret: String(repeating: "0b", count: 32), dialect: .productlift,
        portals: ["http://lockd.localhost:8080"])
    private let app = DemoCustomerApp(
        organizations: [acme, lockd], gateway: "http://localhost:8080", now: { 1_700_000_000 })

    private func get(_ query: String) -> DemoResponse {
        app.respond(to: DemoRequest(method: "GET", target: "/login?" + query))
    }

    private func post(_ form: String, _ fields: [(name: String, value: String)] = []) -> DemoResponse {
        let type = (name: "content-type", value: "application/x-www-form-urlencoded")
        return app.respond(
            to: DemoRequest(method: "POST", target: "/login", fields: [type] + fields, body: Array(form.utf8)))
    }

    /// What the gateway's start of a sign-in adds to the login address.
    private static let productbridge =
        "redirect=http%3A%2F%2Facme.localhost%3A8080%2Fapi%2Fredirects%2Fsso&organizationId=acme"
        + "&returnTo=http%3A%2F%2Facme.localhost%3A8080%2F%3Fa%3D1%26b%3D2%23c"
    private static let productlift =
        "organizationId=lockd&return_to=http%3A%2F%2Flockd.localhost%3A8080%2Fideas%3Fa%3D1%23c"

    @Test func `whom a portal sends is asked who they are`() {
        let page = get(Self.productbridge)
        #expect(page.status == 200)
        #expect(page.text.contains("Acme Workspace wants you to sign in"))
        #expect(page.text.contains("<code>http://acme.localhost:8080</code>"))
        #expect(
            page.text.contains(#"name="returnTo" value="http://acme.localhost:8080/?a=1&amp;b=2#c""#))
        for visitor in DemoVisitor.allCases {
            #expect(page.text.contains(#"<button name="visitor" value="\#(visitor.rawValue)">"#))
        }
        #expect(page.text.contains(#"<p class="note" hidden>"#))
        #expect(!page.text.contains("{{"))
    }

    @Test func `a test of sign-in says that it is one, and stays one`() {
        let page = get(Self.productbridge + "&test=true")
        #expect(page.text.contains(#"<p class="note" >This is a test"#))
        #expect(page.text.contains(#"<input type="hidden" name="test" value="true">"#))
    }

    @Test func `the form may lead to the organization's portal and nowhere else`() {
        let policy = get(Self.productbridge).field("content-security-policy") ?? ""
        #expect(
            policy.contains(
                "form-action 'self' http://acme.localhost:8080 https://acme.localhost:8443 http://localhost:8080;"))
        #expect(policy.hasPrefix("default-src 'none'; script-src 'self';"))
        #expect(policy.contains("frame-ancestors 'none'"))
    }

    @Test func `productbridge gets the token at its callback, with what it sent`() throws {
        let answer = post(Self.productbridge + "&visitor=ada")
        #expect(answer.status == 303)
        let location = try #require(answer.field("location"))
        let parts = location.split(separator: "ssoToken=", maxSplits: 1)
        #expect(parts.first == "http://acme.localhost:8080/api/redirects/sso?")
        #expect(
            parts.last?.drop { $0 != "&" }
                == "&organizationId=acme&returnTo=http%3A%2F%2Facme.localhost%3A8080%2F%3Fa%3D1%26b%3D2%23c")
        #expect(answer.field("referrer-policy") == "no-referrer")
        #expect(answer.field("cache-control") == "no-store")
        #expect(answer.fields.count { "\($0.name)" == "referrer-policy" } == 1)
    }

    @Test func `productlift gets it at the page itself`() throws {
        let location = try #require(post(Self.productlift + "&visitor=ada").field("location"))
        #expect(location.hasPrefix("http://lockd.localhost:8080/ideas?a=1&sso=eyJ"))
        #expect(location.hasSuffix("#c"))
    }

    @Test func `no two tokens are the same, for each signs in once`() {
        let locations = (0..<3).map { _ in post(Self.productbridge + "&visitor=ada").field("location") }
        #expect(Set(locations).count == 3)
    }

    @Test(arguments: [
        "http://acme.localhost:8080/api/redirects/sso?x=1", "http://acme.localhost:8080/api/redirects/sso#",
        "http://acme.localhost:8080/api/redirects/ssO", "http://acme.localhost:8080/", "http://acme.localhost:8080",
        "http://acme.localhost:8081/api/redirects/sso", "https://acme.localhost:8080/api/redirects/sso",
        "http://lockd.localhost:8080/api/redirects/sso", "https://evil.example/api/redirects/sso",
        "//acme.localhost:8080/api/redirects/sso", "/api/redirects/sso", "javascript:alert(1)",
        "http://acme.localhost:8080@evil.example/api/redirects/sso",
        "http://evil.example/http://acme.localhost:8080/api/redirects/sso",
        "http://acme.localhost:8080.evil.example/api/redirects/sso",
        "http://\u{212A}.acme.localhost:8080/api/redirects/sso", " http://acme.localhost:8080/api/redirects/sso",
        "http://acme.localhost:8080/api/redirects/sso\n",
    ])
    func `a callback that isn't the portal's gets nothing`(callback: String) {
        let form = "organizationId=acme&visitor=ada&redirect=" + FormParameters.encoded(callback)
        for answer in [get(form), post(form)] {
            #expect(answer.status == 400)
            #expect(answer.field("location") == nil)
            #expect(answer.text.contains("this app signs nothing"))
            #expect(!answer.text.contains("eyJ"))
        }
    }

    @Test(arguments: [
        "https://evil.example/", "//lockd.localhost:8080/", "/", "http://lockd.localhost:80801/",
        "http://lockd.localhost:8080@evil.example/", "http://lockd.localhost:8080\\@evil.example/",
        "http://lockd.localhost:8080.evil.example/", "https://lockd.localhost:8080/", "http://acme.localhost:8080/",
        "http://lockd.localhost:8080:80/", "http://lockd.localhost:8080/\u{9}", "http://lockd.localhost:8080/ \r\nx: y",
        "HTTP://lockd.localhost:8080/", "javascript:http://lockd.localhost:8080/", "http:lockd.localhost:8080/",
        "http://lockd.localhost:8080/é", "http://lockd.localhost:8080%2F@evil.example/",
    ])
    func `a page that isn't the portal's gets nothing`(page: String) {
        let form = "organizationId=lockd&visitor=ada&return_to=" + FormParameters.encoded(page)
        for answer in [get(form), post(form)] {
            #expect(answer.status == 400)
            #expect(answer.field("location") == nil)
        }
    }

    @Test func `a page of the portal may be any`() {
        for page in ["", "/", "/?x=http://evil.example/", "?x=1", "#x", "//evil.example/"] {
            let form = "organizationId=lockd&visitor=ada&return_to="
            let answer = post(form + FormParameters.encoded("http://lockd.localhost:8080" + page))
            #expect(answer.field("location")?.hasPrefix("http://lockd.localhost:8080") == true, "\(page)")
        }
    }

    @Test(arguments: [
        "", "organizationId=acme", "organizationId=other&redirect=x", "redirect=x", "organizationId=lockd",
    ])
    func `whoever comes by themselves is told where portals are`(query: String) {
        let page = get(query)
        #expect(page.status == 400)
        #expect(page.text.contains(#"<a href="http://acme.localhost:8080/">Acme’s portal</a>"#))
    }

    @Test func `another site's form signs nobody in`() {
        let form = Self.productbridge + "&visitor=ada"
        for site in ["cross-site", "same-site", "none"] {
            #expect(post(form, [("sec-fetch-site", site)]).status == 403)
        }
        #expect(post(form, [("sec-fetch-site", "same-origin")]).status == 303)
    }

    @Test func `what isn't a sign-in is refused`() {
        #expect(post(Self.productbridge).status == 400)
        #expect(post(Self.productbridge + "&visitor=nobody").status == 400)
        #expect(app.respond(to: DemoRequest(method: "DELETE", target: "/login")).status == 405)
        let json = DemoRequest(
            method: "POST", target: "/login", fields: [("content-type", "application/json")], body: Array("{}".utf8))
        #expect(app.respond(to: json).status == 415)
    }

    @Test func `what an address says never becomes markup`() {
        let hostile = "redirect=http%3A%2F%2Facme.localhost%3A8080%2Fapi%2Fredirects%2Fsso&organizationId=acme"
        let other = get(hostile + "&returnTo=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E")
        #expect(other.text.contains(#"value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;""#))
        #expect(!other.text.contains("<script>"))
    }
}
