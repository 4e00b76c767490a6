/// Words for what is wrong with a token's times. Times are given relative to now, in whole seconds.
enum TimeWords {
    /// Later than this, some year 5138, a number of seconds is taken for one of milliseconds.
    private static let milliseconds = 1e11
    /// Before this, in 1973, a time is taken for a duration.
    private static let durations = 1e8
    private static let divide = "Divide it by 1000: JavaScript's Date.now() counts milliseconds."

    static func areMilliseconds(_ time: Double?) -> Bool { time.map { $0 > milliseconds } ?? false }

    static func describe(
        _ rejection: Rejection, scratch: JSONScratch, names: TimeNames, dialect: Dialect, now: Double
    ) -> Finding {
        switch rejection.code {
        case .tokenExpired:
            let expiry = try? TokenTimes.expiry(scratch, names: names, dialect: dialect)
            return Finding("It expired \(distance(expiry, now)) ago.", remedy: renew(expiry))
        case .tokenNotYetValid:
            let time = time(names.notBefore, scratch)
            return Finding(
                "It isn't valid before \(distance(time, now)) from now." + hint(time, "nbf"), remedy: ahead(time))
        case .tokenIssuedInFuture:
            let time = time(names.issuedAt, scratch)
            return Finding(
                "It was issued \(distance(time, now)) ahead of this clock." + hint(time, "iat"), remedy: ahead(time))
        default:
            if rejection.claim == names.expires.name {
                return Finding(
                    "'expires' must be text such as 2030-12-31 23:59:59, in GMT.",
                    remedy: "Write it in GMT, in that form; for a number there is 'exp'.")
            }
            let claim = rejection.claim.map { "'\($0)'" } ?? "A time"
            return Finding(
                "\(claim) must be a JSON number: seconds since 1970, not a string, not null.",
                remedy: "Send it without quotes, or leave it out.")
        }
    }

    static func describeLifetime(
        _ rejection: Rejection, times: TokenTimes, policy: VerificationPolicy, now: Double
    ) -> Finding {
        guard rejection.code == .tokenLifetimeExceeded else {
            return Finding(
                "It has no 'exp', and one is required.", remedy: "Add 'exp': the present time in seconds, plus an hour."
            )
        }
        let longest = policy.maxTokenLifetimeSeconds.map { "\($0) s" } ?? "any time"
        return Finding(
            "It lives \(distance(times.expiresAt, times.issuedAt ?? now)); at most \(longest) is allowed."
                + hint(times.expiresAt, "exp"),
            remedy: areMilliseconds(times.expiresAt)
                ? divide : "Set 'exp' to at most \(longest) after 'iat', and make a token for each visit.")
    }

    static func lifetime(_ times: TokenTimes, now: Double) -> String {
        guard let expiresAt = times.expiresAt else { return "It never expires." }
        return "It expires in \(distance(expiresAt, now))." + hint(expiresAt, "exp")
    }

    private static func renew(_ expiry: Double?) -> String {
        guard let expiry, expiry >= durations else {
            return "It must be a moment, not a duration: the present time in seconds, plus how long the token holds."
        }
        return "Make a new one for each visit, and hand the SDK a getToken that fetches one. A token that is expired "
            + "when it is made comes from a clock that is slow."
    }

    private static func ahead(_ time: Double?) -> String {
        areMilliseconds(time)
            ? divide : "Set the clock of the server that signs by NTP, and use UTC, not local time."
    }

    private static func time(_ name: ClaimName, _ scratch: JSONScratch) -> Double? {
        scratch.member(name).flatMap { JSONNumber.double(scratch[$0.pointee.value]) }
    }

    private static func distance(_ time: Double?, _ other: Double) -> String {
        guard let time, abs(time - other) < 1e15 else { return "very many seconds" }
        return "\(Int64(abs(time - other))) s"
    }

    private static func hint(_ time: Double?, _ claim: String) -> String {
        areMilliseconds(time) ? " '\(claim)' looks like milliseconds: it must be seconds." : ""
    }
}
