import GatewayConfiguration
import IdentityCore
import Testing
import UserDirectory

@Suite struct OrganizationSettingsJSONTests {
    @Test(arguments: Dialect.allCases)
    func `settings written as JSON read back as the same`(_ dialect: Dialect) throws {
        var settings = OrganizationSettings(id: "acme", name: "12", dialect: dialect)
        settings.hosts = ["a.test", "b.test:8443"]
        settings.requireIdentify = .off
        settings.maxTokenLifetimeSeconds = nil
        settings.allowedOrigins = ["https://*.x.test"]
        settings.sso.loginURL = "https://x.test/login"
        settings.sso.buttonLabel = "true"
        settings.sso.privateForums = ["7"]
        #expect(try OrganizationSettings(json: settings.json) == settings)
    }

    @Test func `what isn't said has the dialect's default, and a change keeps what was set`() throws {
        let made = try OrganizationSettings(json: ["id": "acme", "dialect": "uservoice"])
        #expect(made == OrganizationSettings(id: "acme", dialect: .uservoice))
        var changed = OrganizationSettings(id: "acme")
        changed.sso.sessionDays = 3
        let next = try changed.changing(json: [
            "dialect": "sleekplan", "max_token_lifetime_seconds": .null, "sso": ["embedded": true],
        ])
        #expect(next.matchBy == .idThenEmail && next.emailMatching == .ignoreCase)
        #expect(next.maxTokenLifetimeSeconds == nil)
        #expect(next.sso.sessionDays == 3 && next.sso.embedded)
    }

    @Test(
        arguments: [
            ("hosts", ["hosts": .null]), ("hosts[0]", ["hosts": [12]]), ("sso", ["sso": .null]),
            ("sso", ["sso": []]), ("name", ["name": 12]), ("nmae", ["nmae": "x"]), ("sso.x", ["sso": ["x": 1]]),
            ("require_expiry", ["require_expiry": "true"]), ("require_expiry", ["require_expiry": .null]),
            ("clock_skew_seconds", ["clock_skew_seconds": "60"]), ("clock_skew_seconds", ["clock_skew_seconds": 601]),
            ("require_identify", ["require_identify": false]),
            ("sso.login_url", ["sso": ["login_url": "http://x.test"]]),
            ("sso.private_forums[0]", ["sso": ["private_forums": [7]]]),
        ] as [(String, JSONValue)])
    func `what is wrong is named by its path`(_ path: String, _ change: JSONValue) {
        #expect {
            try OrganizationSettings(id: "acme").changing(json: change)
        } throws: { error in
            (error as? ConfigurationErrors)?.problems.map(\.path) == [path]
        }
    }
}
