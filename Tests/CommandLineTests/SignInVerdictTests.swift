import ControlPlane
import IdentityCore
import PortalSSO
import Testing
import UserDirectory

@testable import widget_gateway

@Suite struct SignInVerdictTests {
    private static let keys = ["key_a", "key_b"]

    private static func settings(
        enabled: Bool, loginURL: String = "https://app.acme.test/login", hosts: [String] = ["feedback.acme.test"]
    ) -> OrganizationSettings {
        var settings = OrganizationSettings(id: "acme")
        settings.hosts = hosts
        settings.sso.enabled = enabled
        settings.sso.loginURL = loginURL
        return settings
    }

    /// A test of the settings above with the keys above.
    private static func test(failure: RejectionCode? = nil) -> SignInTest {
        SignInTest(
            fingerprint: SignInFingerprint.of(settings: settings(enabled: false), keyIDs: keys), at: 1_700_000_000,
            failure: failure)
    }

    @Test func `sign-in is enabled after a success with the present login page, dialect and keys`() {
        let tests = SignInTests(lastSuccess: Self.test(), lastFailure: Self.test(failure: .tokenExpired))
        let before = Self.settings(enabled: false)
        let standing = SignInReport(Self.settings(enabled: true), tests: tests, keyIDs: Self.keys.reversed())
        #expect(standing.verdict(before: before, isAsked: true, isForced: false) == .allowed)
    }

    @Test(arguments: [
        ("never tested", SignInTests(), "https://app.acme.test/login", keys, "has not been tested yet"),
        (
            "failed", SignInTests(lastFailure: test(failure: .tokenSignatureMismatch)), "https://app.acme.test/login",
            keys,
            "failed (token_signature_mismatch, 2023-11-14 22:13:20Z)"
        ),
        ("another page", SignInTests(lastSuccess: test()), "https://app.acme.test/other", keys, "have changed since"),
        (
            "a new key", SignInTests(lastSuccess: test()), "https://app.acme.test/login", keys + ["c"],
            "have changed since"
        ),
        (
            "a key less", SignInTests(lastSuccess: test()), "https://app.acme.test/login", ["key_a"],
            "have changed since"
        ),
    ])
    func `anything else keeps it locked, in words, unless it is forced`(
        _ name: String, _ tests: SignInTests, _ page: String, _ keys: [String], _ reason: String
    ) {
        let settings = Self.settings(enabled: true, loginURL: page)
        let standing = SignInReport(settings, tests: tests, keyIDs: keys)
        for before in [nil, Self.settings(enabled: false)] {
            guard case .refused(let message) = standing.verdict(before: before, isAsked: true, isForced: false) else {
                Issue.record("not refused")
                continue
            }
            #expect(message.contains(reason), "\(message)")
            #expect(message.contains("https://feedback.acme.test/_widget/sso/start?test=true"))
            #expect(message.contains("--untested"))
            guard case .doubtful(let warning) = standing.verdict(before: before, isAsked: true, isForced: true) else {
                Issue.record("no warning")
                continue
            }
            #expect(warning.contains(reason))
        }
        var off = settings
        off.sso.enabled = false
        let disabling = SignInReport(off, tests: tests, keyIDs: keys)
        #expect(disabling.verdict(before: settings, isAsked: true, isForced: false) == .allowed)
    }

    @Test func `what is enabled already can be changed, with a warning where that needs a test`() {
        let before = Self.settings(enabled: true)
        func verdict(_ change: (inout OrganizationSettings) -> Void, isAsked: Bool = false) -> SignInVerdict {
            var after = before
            change(&after)
            return SignInReport(after, tests: SignInTests(lastSuccess: Self.test()), keyIDs: Self.keys)
                .verdict(before: before, isAsked: isAsked, isForced: false)
        }
        #expect(verdict { $0.sso.buttonLabel = "Go" } == .allowed)
        #expect(verdict { $0.sso.enabled = true } == .allowed)
        guard case .doubtful = verdict({ $0.sso.loginURL = "https://b.test" }),
            case .doubtful = verdict({ $0.dialect = .userorbit }),
            case .refused = verdict({ $0.dialect = .userorbit }, isAsked: true)
        else {
            Issue.record("unexpected")
            return
        }
        // Stale already, and nothing about it is said.
        let stale = SignInReport(before, tests: SignInTests(), keyIDs: [])
        #expect(stale.verdict(before: before, isAsked: true, isForced: false) == .allowed)
        var renamed = before
        renamed.name = "New"
        #expect(
            SignInReport(renamed, tests: SignInTests(), keyIDs: [])
                .verdict(before: before, isAsked: false, isForced: false) == .allowed)
    }

    @Test func `an organization without a host is told to have one`() {
        let standing = SignInReport(Self.settings(enabled: true, hosts: []), tests: SignInTests(), keyIDs: [])
        #expect(standing.advice == "give acme a host to test it at")
    }

    @Test(
        arguments: [
            (.productbridge, "https://a.test:8443/api/redirects/sso"),
            (.userorbit, "https://a.test:8443/auth/subscriber/sso.callback"),
            (.uservoice, "https://a.test:8443/login_success"), (.productlift, nil), (.sleekplan, nil),
        ] as [(Dialect, String?)])
    func `each dialect has its callback`(_ dialect: Dialect, _ callback: String?) {
        var settings = OrganizationSettings(id: "acme")
        settings.dialect = dialect
        settings.hosts = ["a.test:8443"]
        let addresses = SignInReport(settings, tests: SignInTests(), keyIDs: []).addresses
        #expect(addresses.map(\.host) == ["a.test:8443"] && addresses.map(\.portal) == ["https://a.test:8443/"])
        #expect(addresses.map(\.callback) == [callback])
        #expect(addresses.map(\.test) == ["https://a.test:8443/_widget/sso/start?test=true"])
    }

    @Test func `the standing is shown for people and for scripts`() throws {
        var settings = Self.settings(enabled: true)
        settings.sso.require = true
        settings.sso.nativeLoginPaths = ["/login", "/users"]
        let tests = SignInTests(lastSuccess: Self.test(), lastFailure: Self.test(failure: .tokenExpired))
        let standing = SignInReport(settings, tests: tests, keyIDs: Self.keys)
        #expect(
            OrganizationSSOCommand.lines(standing) == [
                "Sign-in:      required", "Native login: closed: /login /users", "Dialect:      productbridge",
                "Login page:   https://app.acme.test/login", "Logout page:  –",
                "Readiness:    tested 2023-11-14 22:13:20Z", "Portal:       https://feedback.acme.test/",
                "Callback:     https://feedback.acme.test/api/redirects/sso",
                "Test:         https://feedback.acme.test/_widget/sso/start?test=true",
            ])
        let json = try JSONText.of(SignInJSON(standing)).filter { !$0.isWhitespace }
        #expect(
            json == #"""
                {"dialect":"productbridge","disable_native_login":false,"enabled":true,"hosts":[{"callback_url":"https://feedback.acme.test/api/redirects/sso","host":"feedback.acme.test","portal_url":"https://feedback.acme.test/","test_url":"https://feedback.acme.test/_widget/sso/start?test=true"}],"last_failure":{"at":1700000000,"code":"token_expired"},"last_success":1700000000,"login_url":"https://app.acme.test/login","native_login_paths":["/login","/users"],"organization":"acme","readiness":{"at":1700000000,"state":"tested"},"require":true}
                """#)
    }
}
