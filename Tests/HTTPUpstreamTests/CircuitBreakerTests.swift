import HTTPUpstream
import Testing

@Suite struct CircuitBreakerTests {
    private let policy: CircuitBreaker.Policy = {
        var policy = CircuitBreaker.Policy()
        policy.failures = 3
        policy.openMilliseconds = 1000
        policy.longestMilliseconds = 5000
        policy.probeMilliseconds = 10_000
        return policy
    }()

    /// Half a jitter leaves the pause as it is.
    private func fail(_ breaker: inout CircuitBreaker, at now: UInt64, jitter: Double = 0.5) -> Bool {
        breaker.failed(at: now, jitter: jitter, policy)
    }

    private func opened(at now: UInt64) -> CircuitBreaker {
        var breaker = CircuitBreaker()
        for _ in 0..<3 { _ = fail(&breaker, at: now) }
        return breaker
    }

    @Test func `so many failures in a row open it, not fewer`() {
        var breaker = CircuitBreaker()
        #expect(!fail(&breaker, at: 0))
        #expect(!fail(&breaker, at: 0))
        #expect(breaker.admits(at: 0, policy))
        #expect(fail(&breaker, at: 0))
        #expect(!breaker.admits(at: 999, policy))
    }

    @Test func `a success between failures begins the count anew`() {
        var breaker = CircuitBreaker()
        for _ in 0..<10 {
            #expect(!fail(&breaker, at: 0))
            #expect(!fail(&breaker, at: 0))
            breaker.succeeded()
            #expect(breaker.isSpotless)
        }
    }

    @Test func `after its pause one request is the probe, and others wait for its outcome`() {
        var breaker = opened(at: 0)
        #expect(breaker.admits(at: 1000, policy))
        breaker.begin(at: 1000)
        #expect(breaker.state == .probing(since: 1000))
        #expect(!breaker.admits(at: 1001, policy))
        breaker.succeeded()
        #expect(breaker == CircuitBreaker())
    }

    @Test func `each failed probe doubles the pause, up to the longest`() {
        var breaker = opened(at: 0)
        var now: UInt64 = 1000
        for pause: UInt64 in [2000, 4000, 5000, 5000, 5000] {
            breaker.begin(at: now)
            #expect(fail(&breaker, at: now))
            #expect(!breaker.admits(at: now + pause - 1, policy))
            #expect(breaker.admits(at: now + pause, policy))
            now += pause
        }
    }

    @Test(arguments: [(0.0, UInt64(750)), (1.0, 1250), (-5, 750), (7, 1250)])
    func `jitter spreads the pause by a quarter`(jitter: Double, pause: UInt64) {
        var breaker = CircuitBreaker()
        for _ in 0..<3 { _ = fail(&breaker, at: 0, jitter: jitter) }
        #expect(breaker.state == .open(until: pause))
    }

    @Test func `a probe that was given up, or hears nothing, makes way for another`() {
        var breaker = opened(at: 0)
        breaker.begin(at: 1000)
        breaker.probeAbandoned(at: 1500)
        #expect(breaker.admits(at: 1500, policy))
        breaker.begin(at: 1500)
        #expect(!breaker.admits(at: 11_499, policy))
        #expect(breaker.admits(at: 11_500, policy))
    }

    @Test func `requests that were under way when it opened don't open it again`() {
        var breaker = opened(at: 0)
        let state = breaker.state
        #expect(!fail(&breaker, at: 500))
        #expect(breaker.state == state)
    }

    @Test func `with no number of failures it never opens`() {
        var policy = policy
        policy.failures = 0
        var breaker = CircuitBreaker()
        for _ in 0..<1000 {
            let hasOpened = breaker.failed(at: 0, jitter: 0.5, policy)
            #expect(!hasOpened)
        }
        #expect(breaker.isSpotless)
    }
}
