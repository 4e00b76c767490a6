package import IdentityCore
package import UserDirectory

/// Whether redirect sign-in has been tested as it is set now.
package enum SignInReadiness: Sendable, Equatable {
    case untested
    /// A test went well, at so many seconds since 1970; a later failure, with nothing changed, doesn't take that away.
    case tested(at: Double)
    /// The last test failed.
    case failed(RejectionCode, at: Double)
    /// A test went well, but the login page, the dialect or the keys have changed since.
    case stale

    /// - Parameter fingerprint: `SignInFingerprint` of the settings and keys in force.
    package init(_ tests: SignInTests, fingerprint: String) {
        if let success = tests.lastSuccess, success.fingerprint == fingerprint {
            self = .tested(at: success.at)
        } else if let failure = tests.lastFailure, failure.fingerprint == fingerprint, let code = failure.failure {
            self = .failed(code, at: failure.at)
        } else {
            self = tests.lastSuccess == nil ? .untested : .stale
        }
    }

    /// Whether sign-in may be enabled.
    package var unlocksEnable: Bool {
        if case .tested = self { true } else { false }
    }
}
