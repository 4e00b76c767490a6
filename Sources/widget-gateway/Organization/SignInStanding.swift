import IdentityCore
import PortalSSO
import UserDirectory

/// An organization's sign-in as it is set, and how tests of it went.
struct SignInStanding {
    let settings: OrganizationSettings
    let tests: SignInTests
    let readiness: SignInReadiness

    /// - Parameter keyIDs: the ids of the active API secrets.
    init(_ settings: OrganizationSettings, tests: SignInTests, keyIDs: [String]) {
        self.settings = settings
        self.tests = tests
        readiness = SignInReadiness(tests, fingerprint: SignInFingerprint.of(settings: settings, keyIDs: keyIDs))
    }

    /// Of `settings`, which may not have been stored yet, with the keys and the tests that are.
    init(_ settings: OrganizationSettings, in store: any OrganizationStore & SessionStore) async throws {
        let keys = try await store.secrets(of: settings.id).filter { $0.purpose == .api && $0.revokedAt == nil }
        self.init(settings, tests: try await store.signInTests(of: settings.id), keyIDs: keys.map(\.id))
    }

    /// What keeps sign-in from being enabled, in words; nil where it was tested as it is set.
    var obstacle: String? {
        switch readiness {
        case .tested: nil
        case .untested: "sign-in has not been tested yet"
        case .stale: "the login page, the dialect or the keys have changed since sign-in was tested"
        case .failed(let code, let moment):
            "the last test of sign-in failed (\(code.rawValue), \(Terminal.moment(moment)))"
        }
    }

    /// Where to go to test it.
    var advice: String {
        let addresses = settings.hosts.map { PortalAddresses(host: $0, dialect: settings.dialect).test }
        guard let first = addresses.first else { return "give \(settings.id) a host to test it at" }
        return "test it at \(first)"
    }

    /// Whether a change to `settings` may be written.
    ///
    /// - Parameters:
    ///   - before: nil for a new organization.
    ///   - isAsked: the change names `sso.enabled` itself.
    func verdict(before: OrganizationSettings?, isAsked: Bool, isForced: Bool) -> Verdict {
        guard settings.sso.enabled, settings != before, let obstacle else { return .allowed }
        if let before, before.sso.enabled, !isAsked {
            let isTheSame = before.sso.loginURL == settings.sso.loginURL && before.dialect == settings.dialect
            return isTheSame ? .allowed : .doubtful("\(settings.id): \(obstacle): \(advice)")
        }
        if isForced { return .doubtful("\(settings.id): \(obstacle): \(advice)") }
        return .refused(
            "\(settings.id): sign-in can't be enabled: \(obstacle). Set everything else first and \(advice); "
                + "--untested enables it all the same")
    }

    enum Verdict: Equatable {
        case allowed
        /// Written, with a warning.
        case doubtful(String)
        case refused(String)
    }
}

extension SignInStanding.Verdict {
    /// Throws what is refused, prints what is doubtful.
    func enforce() throws {
        switch self {
        case .allowed: break
        case .doubtful(let warning): Terminal.note("warning: \(warning)")
        case .refused(let reason): throw Refusal(reason)
        }
    }
}
