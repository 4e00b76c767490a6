import IdentityCore
import PortalSSO
import Testing
import UserDirectory

@Suite("Sign-in conventions")
struct SignInConventionTests {
    private let portal = PortalOrigin(scheme: "https", authority: "feedback.acme.test")

    @Test(
        "have the paths and parameters that integrators use",
        arguments: [
            (Dialect.productbridge, "/api/redirects/sso", "ssoToken", "organizationId", "returnTo", false, false),
            (.userorbit, "/auth/subscriber/sso.callback", "jwt", "teamId", "return_to", false, false),
            (.uservoice, "/login_success", "sso", nil, nil, true, true),
            (.productlift, nil, "sso", nil, nil, true, false),
            (.sleekplan, nil, "sso", nil, nil, true, false),
        ] as [(Dialect, String?, String, String?, String?, Bool, Bool)])
    func parameters(
        _ dialect: Dialect, _ path: String?, _ token: String, _ organization: String?, _ returnTo: String?,
        _ isPassive: Bool, _ hasLogoutScript: Bool
    ) {
        let convention = SignInConvention(dialect)
        #expect(convention.callbackPath == path)
        #expect(convention.tokenParameter == token)
        #expect(convention.organizationParameter == organization)
        #expect(convention.returnParameter == returnTo)
        #expect(convention.isPassive == isPassive)
        #expect(convention.hasLogoutScript == hasLogoutScript)
    }

    @Test(
        "lead to the login page with what it has to know",
        arguments: [
            (
                Dialect.productbridge,
                "redirect=https%3A%2F%2Ffeedback.acme.test%2Fapi%2Fredirects%2Fsso&organizationId=acme"
                    + "&returnTo=https%3A%2F%2Ffeedback.acme.test%2Fpage%3Fa%3D1%26b%3D%2525%23c"
            ),
            (
                .userorbit,
                "return_to=https%3A%2F%2Ffeedback.acme.test%2Fpage%3Fa%3D1%26b%3D%2525%23c&teamId=acme"
            ),
            (.uservoice, "return=/login_success&uv_login=1&uv_size=window"),
            (.productlift, "return_to=https%3A%2F%2Ffeedback.acme.test%2Fpage%3Fa%3D1%26b%3D%2525%23c"),
            (.sleekplan, "return_to=https%3A%2F%2Ffeedback.acme.test%2Fpage%3Fa%3D1%26b%3D%2525%23c"),
        ])
    func location(_ dialect: Dialect, _ query: String) {
        #expect(location(dialect, "https://app.test/login") == "https://app.test/login?" + query)
        let test = query.replacing("uv_size=window", with: "uv_size=popup") + "&test=true"
        #expect(location(dialect, "https://app.test/login", isTest: true) == "https://app.test/login?" + test)
    }

    @Test(
        "keep the login page's own query and fragment, and replace what bears their names",
        arguments: [
            ("https://app.test/login?a=1", "https://app.test/login?a=1&@"),
            ("https://app.test/login?a=1#form", "https://app.test/login?a=1&@#form"),
            ("https://app.test/login#form?a=1", "https://app.test/login?@#form?a=1"),
            ("https://app.test", "https://app.test?@"),
            ("https://app.test/?", "https://app.test/?@"),
            ("https://app.test/?return_to=x&a=1&return%5Fto=y&RETURN_TO=z", "https://app.test/?a=1&@"),
            ("https://app.test/?return_to=x", "https://app.test/?@"),
            ("https://app.test/?return_tox=x&xreturn_to&teamid=x", "https://app.test/?return_tox=x&xreturn_to&@"),
            ("https://app.test/?test=1", "https://app.test/?test=1&@"),
            ("http://localhost:3000/login", "http://localhost:3000/login?@"),
            ("http://127.0.0.1/login", "http://127.0.0.1/login?@"),
        ])
    func ownQuery(_ loginURL: String, _ expected: String) {
        let added = "return_to=https%3A%2F%2Ffeedback.acme.test%2F&teamId=acme"
        #expect(location(.userorbit, loginURL, page: "/") == expected.replacing("@", with: added))
    }

    @Test("replace the mark of a test in a test alone")
    func testMark() {
        let loginURL = "https://app.test/?test=0&a=1"
        #expect(location(.sleekplan, loginURL)?.contains("test=0&a=1&return_to=") == true)
        let test = location(.sleekplan, loginURL, isTest: true)
        #expect(test?.hasPrefix("https://app.test/?a=1&return_to=") == true)
        #expect(test?.hasSuffix("&test=true") == true)
    }

    @Test(
        "lead nowhere where no login page is set, or one that is not safe",
        arguments: [
            nil, "", "http://app.test/login", "javascript:alert(1)", "//app.test/login", "/login", "https:///login",
            "https://app.test/a\r\nb", "https://app.test/a b", "https://user@app.test/",
            "https://app.test\\@evil.example/",
            "http://localhost.evil.example/", "ftp://app.test/",
        ])
    func unsafe(_ loginURL: String?) {
        #expect(location(.productbridge, loginURL) == nil)
    }

    @Test("name a page on another host as it is")
    func otherHost() throws {
        var settings = OrganizationSettings(id: "a&b", dialect: .userorbit)
        settings.sso.loginURL = "https://app.test/"
        let page = try #require(ReturnAddress("https://b.test/x".utf8, portal: portal, hosts: ["b.test"]))
        let location = SignInConvention(.userorbit)
            .location(settings: settings, portal: portal, returnTo: page, isTest: false)
        #expect(location == "https://app.test/?return_to=https%3A%2F%2Fb.test%2Fx&teamId=a%26b")
    }

    private func location(
        _ dialect: Dialect, _ loginURL: String?, page: String = "/page?a=1&b=%25#c", isTest: Bool = false
    ) -> String? {
        var settings = OrganizationSettings(id: "acme", dialect: dialect)
        settings.sso.loginURL = loginURL
        let page = ReturnAddress(page.utf8, portal: portal, hosts: []) ?? .home
        return SignInConvention(dialect).location(settings: settings, portal: portal, returnTo: page, isTest: isTest)
    }
}
