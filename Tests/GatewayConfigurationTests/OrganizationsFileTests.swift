import IdentityCore
import Testing
import UserDirectory

@testable import GatewayConfiguration

@Suite struct OrganizationsFileTests {
    @Test func `the sample of the documentation parses as it is`() throws {
        let organizations = try OrganizationsFile.parse(sampleOrganizations, name: "organizations.yaml")
        var acme = OrganizationSettings(id: "acme", name: "Acme Inc")
        acme.hosts = ["feedback.acme.test"]
        acme.requireIdentify = .enforce
        acme.allowedOrigins = ["https://app.acme.test"]
        acme.sso.enabled = true
        acme.sso.loginURL = "https://app.acme.test/login"
        #expect(organizations == [OrganizationDefinition(settings: acme, secrets: [sampleSecret])])
    }

    @Test func `an id is enough`() throws {
        let organizations = try OrganizationsFile.parse("organizations: [{ id: a }]", name: "")
        #expect(organizations == [OrganizationDefinition(settings: OrganizationSettings(id: "a"))])
    }

    @Test func `every key can be set`() throws {
        let organizations = try OrganizationsFile.parse(
            """
            organizations:
              - id: a_b-1
                name: "2024"
                hosts: [Feedback.ACME.test, "localhost:8443", "b.test:443", "[::1]:8443"]
                secrets: [{ secret_env: API }]
                hash_secret: { secret: "\(sampleSecret)" }
                require_identify: report
                require_user_hash: off
                identify_mode: update_only
                sso_identify_mode: update_only
                email_matching: ignore_case
                match_by: id_then_email
                clock_skew_seconds: 5
                max_token_lifetime_seconds: null
                require_expiry: true
                allow_plain_identity: true
                allowed_origins: ["https://*.Example.com", http://localhost:3000, https://a.test:443]
                sso:
                  enabled: true
                  login_url: http://127.0.0.1:3000/login?x=1
                  logout_url: https://a.test/out
                  require: true
                  button_label: Weiter
                  allow_unsolicited: false
                  disable_native_login: true
                  native_login_paths: [/login, /users/sign_in/]
                  embedded: true
                  session_days: 365
                  sliding_sessions: true
                  private_forums: [12, "0034"]
                  authorize_all_sso_users: true
            """, name: "", environment: ["API": String(sampleSecret.reversed())])
        var settings = OrganizationSettings(id: "a_b-1", name: "2024")
        settings.hosts = ["feedback.acme.test", "localhost:8443", "b.test", "[::1]:8443"]
        settings.requireIdentify = .report
        settings.identifyMode = .updateOnly
        settings.ssoIdentifyMode = .updateOnly
        settings.emailMatching = .ignoreCase
        settings.matchBy = .idThenEmail
        settings.clockSkewSeconds = 5
        settings.maxTokenLifetimeSeconds = nil
        settings.requireExpiry = true
        settings.allowPlainIdentity = true
        settings.allowedOrigins = ["https://*.example.com", "http://localhost:3000", "https://a.test"]
        settings.sso.enabled = true
        settings.sso.loginURL = "http://127.0.0.1:3000/login?x=1"
        settings.sso.logoutURL = "https://a.test/out"
        settings.sso.require = true
        settings.sso.buttonLabel = "Weiter"
        settings.sso.allowUnsolicited = false
        settings.sso.disableNativeLogin = true
        settings.sso.nativeLoginPaths = ["/login", "/users/sign_in/"]
        settings.sso.embedded = true
        settings.sso.sessionDays = 365
        settings.sso.slidingSessions = true
        settings.sso.privateForums = ["12", "0034"]
        settings.sso.authorizeAllSSOUsers = true
        #expect(
            organizations == [
                OrganizationDefinition(
                    settings: settings, secrets: [String(sampleSecret.reversed())], hashSecret: sampleSecret)
            ])
    }

    @Test func `all mistakes are named at once, by line and key`() {
        let problems = refusalOfOrganizations(
            """
            organizations:
              - id: Acme
                dialect: intercom
                hosts: [https://a.test, b.test, B.test]
                require_identify: true
              - id: two
                hosts: [b.test]
                colour: red
                sso: { enabled: true, login_url: "http://a.test/" }
              - id: two
                name: 2024
                identify_mode: insert
                secrets: [{ secret: short }, {}, { secret_env: NOT_SET, secret: x }, { secret_env: NOT_SET }]
            """)
        #expect(
            problems == [
                "organizations.yaml:2: organizations[0].id: must be lower-case letters, digits, - and _ (1–64), not Acme",
                "organizations.yaml:3: organizations[0].dialect: must be productbridge, productlift, sleekplan, uservoice "
                    + "or userorbit, not intercom",
                "organizations.yaml:4: organizations[0].hosts[0]: must be a host name such as feedback.acme.test, "
                    + "without a scheme or a path, not https://a.test",
                "organizations.yaml:4: organizations[0].hosts: b.test is there twice",
                "organizations.yaml:5: organizations[0].require_identify: must be off, report or enforce, not true",
                "organizations.yaml:8: organizations[1].colour: unknown key (known here: id, name, dialect, hosts, "
                    + "require_identify, require_user_hash, identify_mode, sso_identify_mode, email_matching, match_by, "
                    + "clock_skew_seconds, max_token_lifetime_seconds, require_expiry, allow_plain_identity, "
                    + "allowed_origins, sso, secrets, hash_secret)",
                "organizations.yaml:9: organizations[1].sso.login_url: must be an https:// URL (http:// only for "
                    + "loopback hosts), not \"http://a.test/\"",
                "organizations.yaml:10: organizations[2].id: two is there already",
                "organizations.yaml:11: organizations[2].name: must be text: put quotes around 2024",
                "organizations.yaml:12: organizations[2].identify_mode: must be upsert or update_only, not insert",
                "organizations.yaml:13: organizations[2].secrets[0].secret: the secret has 5 bytes; fewer than 32 are "
                    + "weak (--allow-weak takes it)",
                "organizations.yaml:13: organizations[2].secrets[1]: must have exactly one of secret, secret_env and "
                    + "secret_file",
                "organizations.yaml:13: organizations[2].secrets[2]: must have exactly one of secret, secret_env and "
                    + "secret_file",
                "organizations.yaml:13: organizations[2].secrets[3].secret_env: the environment variable NOT_SET isn't set",
            ])
    }

    @Test func `two organizations can't have one host`() {
        #expect(
            refusalOfOrganizations("organizations:\n- { id: a, hosts: [x.test] }\n- { id: b, hosts: [X.test] }") == [
                "organizations.yaml:3: organizations[1].hosts: x.test is a host of a already"
            ])
    }

    @Test func `at most four secrets are taken, each once`() {
        let five = (0..<5).map { "{ secret: \"\($0)\(sampleSecret)\" }" }.joined(separator: ", ")
        #expect(
            refusalOfOrganizations("organizations:\n- { id: a, secrets: [\(five)] }") == [
                "organizations.yaml:2: organizations[0].secrets: may have 4 secrets at most"
            ])
        let same = "{ secret: \"\(sampleSecret)\" }"
        #expect(
            refusalOfOrganizations("organizations:\n- { id: a, secrets: [\(same), \(same)] }") == [
                "organizations.yaml:2: organizations[0].secrets: has the same secret twice"
            ])
    }

    @Test func `a weak secret needs leave`() {
        let text = "organizations: [{ id: a, secrets: [{ secret: short }] }]"
        #expect(refusalOfOrganizations(text).count == 1)
        #expect(refusalOfOrganizations(text, allowWeak: true).isEmpty)
    }

    @Test(arguments: [
        "secrets: [{ secret: 1234567890123456789012345678901234567890 }]", "secrets: [{ secret: [hunter2hunter2] }]",
        "secrets: [hunter2hunter2]", "secrets: hunter2hunter2", "secrets: [{ secret: \"hunter2\\x00\" }]",
        "secrets: [{ secret: hunter2, secret: hunter2 }]", "secrets: [{ secret: \"hunter2",
    ])
    func `no message holds a secret`(text: String) {
        let problems = refusalOfOrganizations("organizations:\n- id: a\n  \(text)")
        #expect(!problems.isEmpty)
        #expect(!problems.joined().contains("hunter2"))
        #expect(!problems.joined().contains("12345678"))
    }

    @Test(arguments: [
        "secrets: [{ SECRET }]", "secrets: [{ secret_env: SECRET }]", "secrets: [{ secret_file: SECRET }]",
        "SECRET: 1", "dialect: SECRET", "hosts: [\"SECRET/\"]", "\"SECRET\": 1\n  \"SECRET\": 2",
        "name: SECRET\n  clock_skew_seconds: SECRET",
    ])
    func `nor one that stands in a wrong place`(text: String) {
        let text = "organizations:\n- id: a\n  " + text.replacing("SECRET", with: sampleSecret)
        let problems = refusalOfOrganizations(text)
        #expect(!problems.isEmpty)
        #expect(!problems.joined().contains("0c0d0e0f"))
    }

    @Test func `a definition doesn't print its secrets`() {
        let definition = OrganizationDefinition(
            settings: OrganizationSettings(id: "a"), secrets: ["hunter2"], hashSecret: "hunter3")
        var dumped = ""
        dump(definition, to: &dumped)
        #expect(!("\(definition) \(String(reflecting: definition))" + dumped).contains("hunter"))
    }

    @Test(arguments: [
        "https://a.test/", "https://a.test/x", "http://a.test", "https://*.com", "*", "https://*", "null",
        "https://a@b",
        "https://a.test:0", "ws://a.test", "https://*.*.test",
    ])
    func `a bad origin is refused`(origin: String) {
        #expect(refusalOfOrganizations("organizations: [{ id: a, allowed_origins: [\"\(origin)\"] }]").count == 1)
    }

    @Test(arguments: [
        "http://a.test/login", "javascript:alert(1)", "https://u@a.test", "//a.test", "https://a.test/#x",
        "https://a.test\\\\@b.test", "http://localhost.evil.test/",
    ])
    func `a bad login page is refused`(url: String) {
        let text = "organizations: [{ id: a, sso: { enabled: true, login_url: \"\(url)\" } }]"
        #expect(refusalOfOrganizations(text).count == 1)
    }

    @Test(arguments: [
        ("session_days: 0", "session_days: must be a whole number from 1 to 365, not 0"),
        ("session_days: 366", "session_days: must be a whole number from 1 to 365, not 366"),
        ("session_days: 1.5", "session_days: must be a whole number from 1 to 365, not 1.5"),
        ("sliding_sessions: 1", "sliding_sessions: must be true or false, not 1"),
        ("embedded: \"true\"", "embedded: must be true or false, not \"true\""),
        ("native_login_paths: [login]", "native_login_paths[0]: must be a path that begins with /, not login"),
        (
            "native_login_paths: [\"https://a.test/login\"]",
            "native_login_paths[0]: must be a path that begins with /, not \"https://a.test/login\""
        ),
        (
            "native_login_paths: [/a, \"/b?c\"]",
            "native_login_paths[1]: must be a path alone, without a query or a fragment"
        ),
        ("native_login_paths: [/a/../b]", "native_login_paths[0]: must not contain . or .. as a segment"),
        ("native_login_paths: [/a, /b, /a]", "native_login_paths: /a is there twice"),
        ("native_login_paths: /a", "native_login_paths: must be a list, not a single value"),
        ("private_forums: [general]", "private_forums[0]: must be a forum's id: 1 to 20 digits, not general"),
        ("private_forums: [\"\"]", "private_forums[0]: must be a forum's id: 1 to 20 digits, not \"\""),
        ("private_forums: [-1]", "private_forums[0]: must be a forum's id: 1 to 20 digits, not -1"),
        ("require: true", "require: needs enabled: true"),
        ("disable_native_login: true", "disable_native_login: needs enabled: true"),
        ("enabled: true", "login_url: is missing: it is needed where enabled is true"),
        (
            "logout_url: http://a.test/",
            "logout_url: must be an https:// URL (http:// only for loopback hosts), not http://a.test/"
        ),
    ])
    func `a bad sign-in setting is named`(line: String, problem: String) {
        #expect(
            refusalOfOrganizations("organizations:\n- id: a\n  sso:\n    \(line)")
                == ["organizations.yaml:4: organizations[0].sso.\(problem)"])
    }

    @Test(arguments: ["https://a.test/login", "http://127.0.0.1:3000/", "http://localhost/x?y=z", "http://[::1]:1/"])
    func `a good login page is taken`(url: String) throws {
        let text = "organizations: [{ id: a, sso: { enabled: true, login_url: \"\(url)\" } }]"
        #expect(try OrganizationsFile.parse(text, name: "").map(\.settings.sso.loginURL) == [url])
    }
}
