/// Words for what is wrong with a token's times. Times are given relative to now, in whole seconds.
enum TimeWords {
    /// Later than this, some year 5138, a number of seconds is taken for one of milliseconds.
    private static let milliseconds = 1e11

    static func describe(
        _ rejection: Rejection, scratch: JSONScratch, names: TimeNames, dialect: Dialect, now: Double
    ) -> String {
        switch rejection.code {
        case .tokenExpired:
            let expiry = try? TokenTimes.expiry(scratch, names: names, dialect: dialect)
            return "It expired \(distance(expiry, now)) ago."
        case .tokenNotYetValid:
            return "It isn't valid before \(distance(time(names.notBefore, scratch), now)) from now."
                + hint(time(names.notBefore, scratch), "nbf")
        case .tokenIssuedInFuture:
            return "It was issued \(distance(time(names.issuedAt, scratch), now)) ahead of this clock."
                + hint(time(names.issuedAt, scratch), "iat")
        default:
            if rejection.claim == names.expires.name {
                return "'expires' must be text such as 2030-12-31 23:59:59, in GMT."
            }
            let claim = rejection.claim.map { "'\($0)'" } ?? "A time"
            return "\(claim) must be a JSON number: seconds since 1970, not a string, not null."
        }
    }

    static func describeLifetime(
        _ rejection: Rejection, times: TokenTimes, policy: VerificationPolicy, now: Double
    ) -> String {
        guard rejection.code == .tokenLifetimeExceeded else { return "It has no 'exp', and one is required." }
        let longest = policy.maxTokenLifetimeSeconds.map { "\($0) s" } ?? "any time"
        return "It lives \(distance(times.expiresAt, times.issuedAt ?? now)); at most \(longest) is allowed."
            + hint(times.expiresAt, "exp")
    }

    static func lifetime(_ times: TokenTimes, now: Double) -> String {
        guard let expiresAt = times.expiresAt else { return "It never expires." }
        return "It expires in \(distance(expiresAt, now))." + hint(expiresAt, "exp")
    }

    private static func time(_ name: ClaimName, _ scratch: JSONScratch) -> Double? {
        scratch.member(name).flatMap { JSONNumber.double(scratch[$0.pointee.value]) }
    }

    private static func distance(_ time: Double?, _ other: Double) -> String {
        guard let time, abs(time - other) < 1e15 else { return "very many seconds" }
        return "\(Int64(abs(time - other))) s"
    }

    private static func hint(_ time: Double?, _ claim: String) -> String {
        guard let time, time > milliseconds else { return "" }
        return " '\(claim)' looks like milliseconds: it must be seconds."
    }
}
