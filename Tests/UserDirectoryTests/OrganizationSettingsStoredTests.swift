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

    @Test func `no setting is left out`() throws {
        var settings = OrganizationSettings(id: "acme", name: "Acme Inc", dialect: .uservoice)
        settings.hosts = ["a.test"]
        settings.requireIdentify = .enforce
        settings.requireUserHash = .report
        settings.identifyMode = .updateOnly
        settings.ssoIdentifyMode = .updateOnly
        settings.emailMatching = .exact
        settings.matchBy = .email
        settings.clockSkewSeconds = 7
        settings.maxTokenLifetimeSeconds = 9
        settings.requireExpiry = true
        settings.allowPlainIdentity = true
        settings.allowedOrigins = ["https://a.test"]
        settings.sso.enabled = true
        settings.sso.loginURL = "https://a.test/in"
        settings.sso.logoutURL = "https://a.test/out"
        settings.sso.require = true
        settings.sso.buttonLabel = "Weiter"
        settings.sso.allowUnsolicited = false
        settings.sso.disableNativeLogin = true
        settings.sso.nativeLoginPaths = ["/login"]
        settings.sso.embedded = true
        settings.sso.sessionDays = 7
        settings.sso.slidingSessions = true
        settings.sso.privateForums = ["12"]
        settings.sso.authorizeAllSSOUsers = true
        let read = try OrganizationSettings(storedJSON: settings.storedJSON())
        #expect(read == settings)
        // Every field differs from its default, so that none could be left out unseen.
        let defaults = OrganizationSettings(id: "other", dialect: .uservoice)
        #expect(Self.equalFields(settings, defaults) == ["dialect"])
        #expect(Self.equalFields(settings.sso, defaults.sso) == [])
    }

    private static func equalFields(_ left: Any, _ right: Any) -> [String] {
        zip(Mirror(reflecting: left).children, Mirror(reflecting: right).children)
            .filter { String(describing: $0.value) == String(describing: $1.value) }.compactMap(\.0.label)
    }

    @Test func `null is none, and absent the default`() throws {
        let none = #"{"id":"acme","dialect":"productbridge","maxTokenLifetimeSeconds":null,"sso":{"loginURL":null}}"#
        #expect(try OrganizationSettings(storedJSON: none).maxTokenLifetimeSeconds == nil)
        let absent = #"{"id":"acme","dialect":"productbridge"}"#
        #expect(try OrganizationSettings(storedJSON: absent) == OrganizationSettings(id: "acme"))
    }

    @Test func `what an older release didn't know has its dialect's default`() throws {
        let read = try OrganizationSettings(storedJSON: #"{"id":"acme","dialect":"uservoice","sso":{"enabled":true}}"#)
        var expected = OrganizationSettings(id: "acme", dialect: .uservoice)
        expected.sso.enabled = true
        #expect(read == expected)
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"id":"acme","dialect":"none"}"#, #"{"id":"acme","dialect":"uservoice","name":null}"#,
        #"{"id":"acme","dialect":"uservoice","sso":{"sessionDays":"30"}}"#,
        #"{"id":"acme","dialect":"uservoice","sso":[]}"#,
    ])
    func `anything else is refused`(_ text: String) {
        #expect(throws: (any Error).self) { try OrganizationSettings(storedJSON: text) }
    }
}
