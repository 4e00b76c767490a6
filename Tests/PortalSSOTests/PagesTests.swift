import IdentityCore
import PortalSSO
import Testing

@Suite("The gateway's own pages")
struct PagesTests {
    private static let hostile = "<script>alert('1')</script>\"&"
    private static let escaped = "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;"

    private static let pages: [(name: String, html: String)] = {
        let pages: [(String, [UInt8])] = [
            ("sign-in", signIn(isSignedOut: true)), ("sign-in again", signIn(isSignedOut: false)),
            ("switch", switchUser(.random())),
            ("passed", test(.passed(user: hostile))), ("failed", test(.failed(Rejection(.tokenExpired)))),
        ]
        return pages.map { ($0.0, String(decoding: $0.1, as: UTF8.self)) }
    }()

    @Test("have a style with the nonce, and no script, handler or outside address", arguments: pages.indices)
    func inert(_ index: Int) {
        let html = Self.pages[index].html
        #expect(html.hasPrefix("<!doctype html>\n<html lang=\"en\">"))
        #expect(html.contains("<style nonce=\"N0nce\">"))
        #expect(html.contains("color-scheme: light dark"))
        for absent in ["<script", "javascript:", "http:", "https:", "alert('"] { #expect(!html.contains(absent)) }
        #expect(html.firstMatch(of: #/\s(on\w+|style)\s*=/#) == nil)
    }

    @Test("escape what they are given")
    func escaping() {
        for name in ["sign-in", "switch", "passed", "failed"] {
            let html = Self.pages.first { $0.name == name }?.html ?? ""
            #expect(html.contains(Self.escaped) == (name != "failed"))
            #expect(!html.contains(Self.hostile))
        }
    }

    @Test("lead from the sign-in page to its start, and say that somebody has signed out")
    func signInPage() {
        let html = String(decoding: Self.signIn(isSignedOut: false), as: UTF8.self)
        #expect(html.contains("href=\"/_widget/sso/start?return_to=%2Fa&amp;b=&quot;\""))
        #expect(!html.contains("signed out"))
        #expect(String(decoding: Self.signIn(isSignedOut: true), as: UTF8.self).contains("You are signed out."))
    }

    @Test("ask with a form that carries the confirmation, and stay is the first button")
    func switchPage() throws {
        let nonce = SignInNonce.random()
        let html = String(decoding: Self.switchUser(nonce), as: UTF8.self)
        #expect(html.contains("<form class=\"actions\" method=\"post\" action=\"/_widget/sso/complete\">"))
        #expect(html.contains("<input type=\"hidden\" name=\"confirmation\" value=\"\(nonce.text)\">"))
        #expect(html.contains("<meta name=\"referrer\" content=\"strict-origin\">"))
        let stay = try #require(html.firstRange(of: "name=\"choice\" value=\"stay\""))
        let go = try #require(html.firstRange(of: "name=\"choice\" value=\"continue\""))
        #expect(stay.lowerBound < go.lowerBound)
    }

    @Test("say of every rejection what went wrong and what to do", arguments: RejectionCode.allCases)
    func testPage(_ code: RejectionCode) {
        let html = String(decoding: Self.test(.failed(Rejection(code, claim: "email"))), as: UTF8.self)
        #expect(html.contains("SSO test failed"))
        #expect(html.contains("<p class=\"code\">\(code.rawValue)</p>"))
        #expect(!html.contains("<h1></h1>") && !html.contains("<p></p>"))
        if code == .tokenClaimMissing || code == .tokenClaimInvalid { #expect(html.contains("“email”")) }
    }

    @Test("say so where the test passed")
    func passed() {
        #expect(Self.pages.first { $0.name == "passed" }?.html.contains("SSO test passed") == true)
    }

    @Test(
        "come with a policy that lets in nothing but their style, and forms lead to the return address alone",
        arguments: [
            (
                "frame-ancestors 'self'", "/",
                "default-src 'none'; style-src 'nonce-N0nce'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
            ),
            (
                "frame-ancestors 'self' https://app.acme.test", "/page",
                "default-src 'none'; style-src 'nonce-N0nce'; form-action 'self'; base-uri 'none'; "
                    + "frame-ancestors 'self' https://app.acme.test"
            ),
            (
                "frame-ancestors 'self'", "https://ideas.acme.test:8443/page?x;y",
                "default-src 'none'; style-src 'nonce-N0nce'; form-action 'self' https://ideas.acme.test:8443; base-uri 'none'; "
                    + "frame-ancestors 'self'"
            ),
            (
                "frame-ancestors 'self'", "https://a.test; script-src *",
                "default-src 'none'; style-src 'nonce-N0nce'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
            ),
        ])
    func policy(_ framing: String, _ returnTo: String, _ expected: String) {
        #expect(
            PortalPage.contentSecurityPolicy(nonce: "N0nce", framing: framing, returnTo: returnTo) == expected)
    }

    @Test("are accompanied by a script that does nothing")
    func logoutScript() {
        let body = LogoutScript.body
        #expect(body.hasPrefix("/*") && body.hasSuffix("*/\n"))
        #expect(body.ranges(of: "*/").count == 1)
    }

    private static func signIn(isSignedOut: Bool) -> [UInt8] {
        SignInPage.html(
            organizationName: hostile, buttonLabel: hostile, startPath: "/_widget/sso/start?return_to=%2Fa&b=\"",
            isSignedOut: isSignedOut, nonce: "N0nce")
    }

    private static func switchUser(_ nonce: SignInNonce) -> [UInt8] {
        SwitchUserPage.html(
            organizationName: hostile, currentUser: hostile, newUser: hostile, confirmPath: "/_widget/sso/complete",
            confirmation: nonce, nonce: "N0nce")
    }

    private static func test(_ outcome: SignInTestPage.Outcome) -> [UInt8] {
        SignInTestPage.html(outcome: outcome, organizationName: hostile, nonce: "N0nce")
    }
}
