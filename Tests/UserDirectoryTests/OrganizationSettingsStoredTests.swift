import IdentityCore
import Testing
import UserDirectory

@Suite struct OrganizationSettingsStoredTests {
    @Test(arguments: Dialect.allCases)
    func `stored settings are read back`(_ dialect: Dialect) throws {
        var settings = OrganizationSettings(id: "acme", dialect: dialect)
        settings.maxTokenLifetimeSeconds = dialect == .productbridge ? nil : 60
        settings.sso.logoutURL = "https://app.acme.test/\u{0}"
        #expect(try OrganizationSettings(storedJSON: settings.storedJSON()) == settings)
    }

    @Test func `what an older release didn't know has its dialect's default`() throws {
        let read = try OrganizationSettings(storedJSON: #"{"id":"acme","dialect":"uservoice","sso":{"enabled":true}}"#)
        var expected = OrganizationSettings(id: "acme", dialect: .uservoice)
        expected.sso.enabled = true
        #expect(read == expected)
    }

    @Test(arguments: ["", "[]", "{}", #"{"id":"acme","dialect":"none"}"#])
    func `anything else is refused`(_ text: String) {
        #expect(throws: (any Error).self) { try OrganizationSettings(storedJSON: text) }
    }
}
