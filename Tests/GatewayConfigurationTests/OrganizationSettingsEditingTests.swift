import IdentityCore
import Testing
import UserDirectory

@testable import GatewayConfiguration

@Suite struct OrganizationSettingsEditingTests {
    @Test func `settings survive the way through YAML`() throws {
        var settings = OrganizationSettings(id: "acme", name: "yes")
        settings.hosts = ["a.test", "b.test:8443", "[::1]:1", "127.0.0.1"]
        settings.maxTokenLifetimeSeconds = nil
        settings.allowedOrigins = ["https://*.a.test", "http://localhost:3000"]
        settings.sso.enabled = true
        settings.sso.loginURL = "https://a.test/login?a=b&c=d, e: f".replacing(" ", with: "")
        settings.sso.buttonLabel = "Say \"hi\": # \\ [x] – ü"
        for name in ["Acme Inc", "12", "null", "a: b", "a #b", "- a", "{", "é", "true", "~", "end:", "'q'"] {
            settings.name = name
            let indented = settings.yaml.split(separator: "\n").map { "    \($0)\n" }.joined()
            let text = "organizations:\n  -\n" + indented
            #expect(try OrganizationsFile.parse(text, name: "").map(\.settings) == [settings], "\(text)")
        }
    }

    @Test func `single settings change, the others stay`() throws {
        var expected = OrganizationSettings(id: "acme")
        expected.requireIdentify = .enforce
        let before = expected
        expected.identifyMode = .updateOnly
        expected.sso.loginURL = "https://a.test/x=y"
        expected.hosts = ["a.test", "b.test"]
        expected.allowedOrigins = ["https://a.test"]
        expected.maxTokenLifetimeSeconds = nil
        expected.name = "2024"
        expected.requireUserHash = .off
        expected.requireExpiry = true
        let after = try before.changing([
            "identify_mode=update_only", "sso.login_url=https://a.test/x=y", "hosts=a.test, B.test",
            "allowed_origins=[https://a.test]", "max_token_lifetime_seconds=null", "name=2024", "require_user_hash=off",
            "require_expiry=on",
        ])
        #expect(after == expected)
        #expect(try after.changing(["hosts="]).hosts == [])
        #expect(try after.changing([]) == after)
    }

    @Test func `all mistakes are named at once`() {
        let error = #expect(throws: ConfigurationErrors.self) {
            try OrganizationSettings(id: "acme").changing([
                "identify_mode", "id=other", "colour=red", "sso.colour=red", "clock_skew_seconds=-1", "hosts=[a",
                "name.x=1", "secrets=x",
            ])
        }
        let paths = Set(error?.problems.map(\.path) ?? [])
        #expect(paths.isSuperset(of: ["identify_mode", "id", "colour", "sso.colour", "clock_skew_seconds", "secrets"]))
        #expect(
            error?.description.contains("clock_skew_seconds: must be a whole number from 0 to 600, not \"-1\"") == true)
        #expect(error?.description.contains("name: must be text, not a map") == true)
    }
}
