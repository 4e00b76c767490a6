import ControlPlane
import IdentityCore
import PortalSSO
import UserDirectory

/// Whether a change of settings may be written, as far as sign-in goes.
enum SignInVerdict: Equatable {
    case allowed
    /// Written, with a warning.
    case doubtful(String)
    case refused(String)

    /// Throws what is refused, prints what is doubtful.
    func enforce() throws {
        switch self {
        case .allowed: break
        case .doubtful(let warning): Terminal.note("warning: \(warning)")
        case .refused(let reason): throw Refusal(reason)
        }
    }
}

extension SignInReport {
    /// What keeps sign-in from being enabled, in words; nil where it was tested as it is set.
    private var obstacle: String? {
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
        addresses.first.map { "test it at \($0.test)" } ?? "give \(settings.id) a host to test it at"
    }

    /// Whether a change to these settings may be written.
    ///
    /// - Parameters:
    ///   - before: nil for a new organization.
    ///   - isAsked: the change names `sso.enabled` itself.
    func verdict(before: OrganizationSettings?, isAsked: Bool, isForced: Bool) -> SignInVerdict {
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
}
