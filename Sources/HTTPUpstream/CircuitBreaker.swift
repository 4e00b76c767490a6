/// Whether requests may go to one address: shut out after failures in a row, tried again by one request after a while.
///
/// closed ─(so many failures in a row)─▶ open ─(its time is up, and a request comes)─▶ probing
/// probing ─(a response)─▶ closed · ─(a failure)─▶ open, for twice as long · ─(given up, or no answer)─▶ open, ready
///
/// Times are milliseconds of a monotonic clock that the caller reads.
package struct CircuitBreaker: Sendable, Equatable {
    package struct Policy: Sendable, Equatable {
        /// Failures in a row that open the circuit; 0: it never opens.
        package var failures = 5
        /// How long it stays open the first time; each failed probe doubles that.
        package var openMilliseconds: UInt64 = 1000
        package var longestMilliseconds: UInt64 = 30_000
        /// After so long without an outcome, another request may be the probe.
        package var probeMilliseconds: UInt64 = 35_000

        package init() {}
    }

    package enum State: Sendable, Equatable {
        case closed
        case open(until: UInt64)
        case probing(since: UInt64)
    }

    package private(set) var state = State.closed
    private var failuresInARow = 0
    private var openings = 0

    package init() {}

    /// No failure since the last success: nothing to do for either.
    @inline(__always)
    package var isSpotless: Bool { failuresInARow == 0 }

    /// Whether a request may go to the address now. Changes nothing: `begin` does, where it goes.
    package func admits(at now: UInt64, _ policy: Policy) -> Bool {
        switch state {
        case .closed: true
        case .open(let until): now >= until
        case .probing(let since): now >= since + policy.probeMilliseconds
        }
    }

    /// A request goes to the address: where the circuit isn't closed, it is the probe.
    package mutating func begin(at now: UInt64) {
        if state != .closed { state = .probing(since: now) }
    }

    /// The address has answered.
    package mutating func succeeded() { self = CircuitBreaker() }

    /// The address couldn't be reached, or didn't answer. True: that has opened the circuit.
    ///
    /// - Parameter jitter: from 0 to 1, at random, so that workers and gateways don't all come back at once.
    package mutating func failed(at now: UInt64, jitter: Double, _ policy: Policy) -> Bool {
        guard policy.failures > 0 else { return false }
        failuresInARow += 1
        switch state {
        case .closed: guard failuresInARow >= policy.failures else { return false }
        case .probing: break
        case .open: return false  // Of a request that was under way already.
        }
        let doubled = policy.openMilliseconds << UInt64(min(openings, 16))
        let pause = min(doubled, policy.longestMilliseconds)
        // From three quarters of the pause to five quarters.
        let spread = Double(pause) * (0.75 + 0.5 * min(max(jitter, 0), 1))
        openings += 1
        state = .open(until: now + UInt64(spread))
        return true
    }

    /// The probe was given up by its client: the next request may be another.
    package mutating func probeAbandoned(at now: UInt64) {
        if case .probing = state { state = .open(until: now) }
    }
}
