/// How often something may happen: at a rate, and for a moment more often.
package struct RateLimit: Sendable, Equatable {
    /// Nanoseconds that one of them takes up.
    let interval: UInt64
    /// Nanoseconds that may be taken up ahead of the clock before the next is refused.
    let tolerance: UInt64

    /// - Parameters:
    ///   - count: how many in `seconds`, at least 1.
    ///   - burst: how many at once after a pause, at least 1.
    package init(_ count: Int, inSeconds seconds: Int = 1, burst: Int) {
        interval = max(1, UInt64(max(1, seconds)) * 1_000_000_000 / UInt64(max(1, count)))
        tolerance = interval * UInt64(max(0, burst - 1))
    }
}

/// What clients may ask of organizations.
package struct RateLimits: Sendable {
    /// Where an organization has no entry of its own; nil: no limit.
    package var requests: RateLimit?
    /// By organization's id.
    package var organizations: [String: RateLimit?] = [:]
    /// Tokens and user hashes that no secret vouches for; nil: no limit.
    package var badTokens: RateLimit?

    package init() {}
}
