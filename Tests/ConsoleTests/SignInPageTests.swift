import Testing

@testable import Console

@Suite("Where a sign-in leads")
struct SignInPageTests {
    @Test(
        "Pages of the console alone",
        arguments: [
            ("/console/organizations/acme", true), ("/console/organizations/acme/users?search=a%20b", true),
            ("/console/", true), ("/console", false), ("/consoles/x", false), ("//evil.test/console/", false),
            ("https://evil.test/console/", false), ("/console/sign-in", false), ("/console/sign-in?next=/", false),
            ("/console/\\evil", false), ("/console/ x", false), ("/console/a\r\nset-cookie: x", false), ("", false),
            ("/console/assets/console.css", false),
        ])
    func safe(target: String, isSafe: Bool) {
        #expect((SignInPage.safe(target) != nil) == isSafe)
    }
}
