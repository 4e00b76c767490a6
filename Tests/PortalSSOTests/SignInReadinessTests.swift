import IdentityCore
import PortalSSO
import Testing
import UserDirectory

@Suite("Readiness of sign-in")
struct SignInReadinessTests {
    private static func settings(
        _ change: (inout OrganizationSettings) -> Void = { _ in }
    ) -> OrganizationSettings {
        var settings = OrganizationSettings(id: "acme", dialect: .productbridge)
        settings.sso.loginURL = "https://app.test/login"
        change(&settings)
        return settings
    }

    /// From node's `crypto`, over `22:https://app.test/login13:productbridge1:a1:b`.
    @Test("goes by a digest of login page, dialect and keys")
    func fingerprint() {
        #expect(
            SignInFingerprint.of(settings: Self.settings(), keyIDs: ["b", "a"])
                == "a7e259bdde0a788330ed82924e647679e190a4d6f656120abc6f6486d6792b0b")
        #expect(
            SignInFingerprint.of(settings: Self.settings(), keyIDs: ["a", "b", "a"])
                == "a7e259bdde0a788330ed82924e647679e190a4d6f656120abc6f6486d6792b0b")
    }

    @Test("changes with login page, dialect and keys, and with nothing else")
    func changes() {
        let before = SignInFingerprint.of(settings: Self.settings(), keyIDs: ["a", "b"])
        let others = [
            SignInFingerprint.of(
                settings: Self.settings { $0.sso.loginURL = "https://app.test/login2" }, keyIDs: ["a", "b"]),
            SignInFingerprint.of(settings: Self.settings { $0.sso.loginURL = nil }, keyIDs: ["a", "b"]),
            SignInFingerprint.of(settings: Self.settings { $0.dialect = .userorbit }, keyIDs: ["a", "b"]),
            SignInFingerprint.of(settings: Self.settings(), keyIDs: ["a"]),
            SignInFingerprint.of(settings: Self.settings(), keyIDs: ["ab"]),
            SignInFingerprint.of(settings: Self.settings(), keyIDs: ["a", "b", "c"]),
            SignInFingerprint.of(settings: Self.settings(), keyIDs: []),
        ]
        #expect(Set(others + [before]).count == others.count + 1)
        let same = Self.settings {
            $0.name = "Other"
            $0.sso.enabled = true
            $0.sso.buttonLabel = "Go"
        }
        #expect(SignInFingerprint.of(settings: same, keyIDs: ["a", "b"]) == before)
    }

    @Test(
        "is what the last tests of the present settings say",
        arguments: [
            (nil, nil, SignInReadiness.untested),
            (success("now", 1), nil, .tested(at: 1)),
            (success("now", 1), failure("now", 2), .tested(at: 1)),
            (success("now", 3), failure("now", 2), .tested(at: 3)),
            (success("before", 1), nil, .stale),
            (success("before", 1), failure("now", 2), .failed(.tokenExpired, at: 2)),
            (success("before", 1), failure("before", 2), .stale),
            (nil, failure("now", 2), .failed(.tokenExpired, at: 2)),
            (nil, failure("before", 2), .untested),
        ])
    func readiness(_ success: SignInTest?, _ failure: SignInTest?, _ expected: SignInReadiness) {
        let readiness = SignInReadiness(SignInTests(lastSuccess: success, lastFailure: failure), fingerprint: "now")
        #expect(readiness == expected)
        #expect(readiness.unlocksEnable == (success?.fingerprint == "now"))
    }

    private static func success(_ fingerprint: String, _ at: Double) -> SignInTest {
        SignInTest(fingerprint: fingerprint, at: at, failure: nil)
    }

    private static func failure(_ fingerprint: String, _ at: Double) -> SignInTest {
        SignInTest(fingerprint: fingerprint, at: at, failure: .tokenExpired)
    }
}
