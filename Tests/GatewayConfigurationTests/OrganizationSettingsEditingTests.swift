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
        settings.sso.disableNativeLogin = true
        settings.sso.nativeLoginPaths = ["/login", "/a:b,c", "/#".replacing("#", with: "%23")]
        settings.sso.embedded = true
        settings.sso.sessionDays = 7
        settings.sso.slidingSessions = true
        settings.sso.privateForums = ["12", "0034"]
        settings.sso.authorizeAllSSOUsers = true
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

    @Test func `sign-in settings change one by one`() throws {
        var expected = OrganizationSettings(id: "acme")
        expected.sso.enabled = true
        expected.sso.loginURL = "https://a.test/login"
        expected.sso.disableNativeLogin = true
        expected.sso.nativeLoginPaths = ["/login", "/users"]
        expected.sso.embedded = true
        expected.sso.sessionDays = 90
        expected.sso.slidingSessions = true
        expected.sso.privateForums = ["12", "34"]
        expected.sso.authorizeAllSSOUsers = true
        let after = try OrganizationSettings(id: "acme").changing([
            "sso.enabled=true", "sso.login_url=https://a.test/login", "sso.disable_native_login=true",
            "sso.native_login_paths=/login,/users", "sso.embedded=yes", "sso.session_days=90",
            "sso.sliding_sessions=on", "sso.private_forums=12, 34", "sso.authorize_all_sso_users=true",
        ])
        #expect(after == expected)
        #expect(try after.changing(["sso.private_forums=[]"]).sso.privateForums == [])
    }

    @Test(arguments: Dialect.allCases, Dialect.allCases)
    func `another dialect brings its defaults where nothing else was set`(_ old: Dialect, _ new: Dialect) throws {
        let before = OrganizationSettings(id: "acme", dialect: old)
        #expect(try before.changing(["dialect=\(new.rawValue)"]) == OrganizationSettings(id: "acme", dialect: new))
        var own = OrganizationSettings(id: "acme", dialect: new)
        own.maxTokenLifetimeSeconds = 77
        let changed = try before.changing(["max_token_lifetime_seconds=77", "dialect=\(new.rawValue)"])
        #expect(changed == own)
        #expect(try changed.changing(["dialect=\(old.rawValue)"]).maxTokenLifetimeSeconds == 77)
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
