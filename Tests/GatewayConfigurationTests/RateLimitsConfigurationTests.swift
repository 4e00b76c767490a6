import Testing

@testable import GatewayConfiguration

@Suite("Limits of rates and load in the configuration") struct RateLimitsConfigurationTests {
    private func load(_ yaml: String) throws -> GatewayConfiguration {
        try configuration(yaml)
    }

    @Test("without a word, requests aren't limited and guesses are")
    func defaults() throws {
        let configuration = try load("")
        #expect(configuration.rateLimits.requests == nil)
        #expect(configuration.rateLimits.badTokensPerMinute == 300)
        #expect(configuration.overload.requestsInFlight == 16_384)
        #expect(configuration.overload.lagSeconds == 1)
    }

    @Test("an organization has the common rate, its own, or none")
    func organizations() throws {
        let limits = try load(
            """
            rate_limits:
              requests_per_second: 10
              bad_tokens_per_minute: 0
              organizations:
                - { id: acme, requests_per_second: 50, burst: 60 }
                - { id: free }
            """
        ).rateLimits
        #expect(limits.requests == RequestRate(perSecond: 10, burst: 20))
        #expect(limits.organizations["acme"] == .some(RequestRate(perSecond: 50, burst: 60)))
        #expect(limits.organizations["free"] == .some(nil))
        #expect(limits.organizations["other"] == nil)
        #expect(limits.badTokensPerMinute == nil)
    }

    @Test("a lag of 0 is none") func lag() throws {
        #expect(try load("overload: { lag_seconds: 0 }").overload.lagSeconds == nil)
    }

    @Test(
        "memory has the control group's limit, one of its own, or none",
        arguments: [
            ("", nil), ("memory_bytes: 0", 0), ("memory_bytes: 500MB", 500_000_000), ("memory_bytes: 1GiB", 1 << 30),
        ] as [(String, Int?)])
    func memory(line: String, bytes: Int?) throws {
        #expect(try load("limits: { \(line) }").limits.memoryBytes == bytes)
    }

    @Test(
        "what makes no sense is refused",
        arguments: [
            "rate_limits: { burst: 5 }", "rate_limits: { requests_per_second: -1 }",
            "rate_limits: { requests_per_second: 1, burst: 0 }", "rate_limits: { organizations: [{ burst: 1 }] }",
            "rate_limits: { organizations: [{ id: a }, { id: a }] }", "overload: { requests_in_flight: 0 }",
            "overload: { lag_seconds: -1 }", "limits: { memory_bytes: -1 }", "limits: { memory_bytes: 85% }",
        ])
    func refused(yaml: String) { #expect(throws: (any Error).self) { try load(yaml) } }
}
