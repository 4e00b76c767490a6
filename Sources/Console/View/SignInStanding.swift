import ControlPlane
import IdentityCore
import PortalSSO
import UserDirectory

/// Whether sign-in was tested, as people read it.
struct SignInStanding: Sendable {
    let badge: Badge
    /// `ok`, `failed` or empty: what the step of the test looks like.
    let step: String
    let isTested: Bool
    let isStale: Bool
    let isFailed: Bool
    /// When the last test ended that counts.
    let at: MomentText?
    /// What went wrong in the last test, and what to do about it.
    let cause: String?
    let remedy: String?
    let code: String?
    /// Changes with each test that ends: how a page notices.
    let attempt: String

    init(_ report: SignInReport, now: Double) {
        let last = max(report.tests.lastSuccess?.at ?? 0, report.tests.lastFailure?.at ?? 0)
        attempt = last > 0 ? "\(last)" : "none"
        isTested = report.readiness.unlocksEnable
        isStale = report.readiness == .stale
        switch report.readiness {
        case .untested:
            badge = Badge("not tested yet")
            (step, at) = ("", nil)
        case .tested(let moment):
            badge = Badge("SSO tested", "good")
            (step, at) = ("ok", MomentText(moment, now: now))
        case .failed(_, let moment):
            badge = Badge("test failed", "bad")
            (step, at) = ("failed", MomentText(moment, now: now))
        case .stale:
            badge = Badge("test again", "warning")
            (step, at) = ("", MomentText(report.tests.lastSuccess?.at, now: now))
        }
        // A failure after a success doesn't lock Enable, but is worth knowing.
        var failure: RejectionCode?
        if case .failed(let code, _) = report.readiness { failure = code }
        if failure == nil, isTested, let failed = report.tests.lastFailure, failed.at == last {
            failure = failed.failure
        }
        isFailed = failure != nil
        code = failure?.rawValue
        cause = failure.map { SignInAdvice.cause(Rejection($0)) }
        remedy = failure.map { SignInAdvice.remedy(Rejection($0)) }
    }
}

/// What a login page is told, and what it sends back, by dialect.
struct SignInParameters: Sendable {
    let told: String
    let token: String
    let organization: String?
    let returning: String?
    let hasCallback: Bool

    init(_ dialect: Dialect) {
        let convention = SignInConvention(dialect)
        told =
            switch dialect {
            case .productbridge: "redirect, organizationId, returnTo"
            case .userorbit: "return_to, teamId"
            case .uservoice: "return, uv_login, uv_size"
            case .productlift, .sleekplan: "return_to"
            }
        token = convention.tokenParameter
        organization = convention.organizationParameter
        returning = convention.returnParameter
        hasCallback = convention.callbackPath != nil
    }
}
