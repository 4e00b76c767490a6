/// How often one client may ask one organization: a client is an IPv4 address, or an IPv6 network of 64 bits.
package struct RateLimitsConfiguration: Sendable, Equatable {
    /// What holds for organizations that aren't named; nil: no limit.
    package var requests: RequestRate?
    /// Where an organization has a rate of its own, or nil for none.
    package var organizations: [String: RequestRate?] = [:]
    /// Tokens and user hashes that no secret vouches for; further ones are answered by `rate_limited`. Nil: no limit.
    package var badTokensPerMinute: Int? = 300

    package init() {}
}

/// A rate that may be exceeded for a moment.
package struct RequestRate: Sendable, Equatable {
    package var perSecond: Int
    /// Requests at once, after a pause.
    package var burst: Int

    package init(perSecond: Int, burst: Int) {
        self.perSecond = perSecond
        self.burst = burst
    }
}

extension RateLimitsConfiguration {
    static func read(_ reader: inout MapReader) -> RateLimitsConfiguration {
        var result = RateLimitsConfiguration()
        result.requests = rate(&reader)
        let badTokens = reader.value(
            "bad_tokens_per_minute", .integer(0...1_000_000), default: result.badTokensPerMinute ?? 0,
            "Tokens and user hashes that no secret vouches for, of one client at one organization. Beyond that, bad ones "
                + "get 429 and no row in the token log; good ones pass as before. Gateways that share a storage each allow "
                + "their part of it. 0: no limit.")
        result.badTokensPerMinute = badTokens == 0 ? nil : badTokens
        var named: [String: RequestRate?] = [:]
        _ = reader.list("organizations", "Organizations with a rate of their own.") { element -> String? in
            let id = element.required("id", .identifier("an organization's id"), "Which organization.")
            let own = rate(&element)
            guard let id else { return nil }
            if named.updateValue(own, forKey: id) != nil { element.report("id", "\(id) is named twice") }
            return id
        }
        result.organizations = named
        return result
    }

    private static func rate(_ reader: inout MapReader) -> RequestRate? {
        let perSecond = reader.value(
            "requests_per_second", .integer(0...1_000_000), default: 0,
            "Requests of one client (IPv4 address, or IPv6 /64) at one organization. 0: no limit.")
        let burst = reader.optional(
            "burst", .integer(1...10_000_000), shown: "twice requests_per_second",
            "Requests that may come at once, after a pause.")
        if burst != nil, perSecond == 0 { reader.report("burst", "needs requests_per_second") }
        return perSecond == 0 ? nil : RequestRate(perSecond: perSecond, burst: burst ?? 2 * perSecond)
    }
}
