import Synchronization

/// How much of its rate each client has taken up, in fixed memory that all workers share without a lock.
///
/// It is shared since a client's connection stays on one worker: shares of each worker's own would cut the rate of whoever
/// has one connection to a fraction, and give whoever has many the whole of it on each.
///
/// For each client one number is kept: up to when, on the monotonic clock, its past requests have used up the time that
/// its rate gives each (the generic cell rate algorithm, which is a token bucket in one word). A client that the clock has
/// caught up with is as good as unknown, so that nobody clears up. Where more clients than there is room for are ahead
/// of the clock, whoever is least far ahead is forgotten: too many clients make limits laxer, never refuse anybody.
///
/// All accesses are relaxed: each number stands for itself. A place that changes hands just now may count a request of
/// the one as the other's; nothing else depends on it.
package final class RateTable: Sendable {
    /// Clients remembered at most; each takes 16 bytes.
    package static let capacity = 65_536
    private static let ways = 4
    private static let lines = capacity / ways

    /// For each line of the cache: `ways` keys, then the number of each. Zeroes: nobody.
    private nonisolated(unsafe) let words: UnsafeMutablePointer<Atomic<UInt64>>

    package init() {
        let count = Self.lines * Self.ways * 2
        words = UnsafeMutableRawPointer.allocate(byteCount: count * 8, alignment: 64)
            .bindMemory(to: Atomic<UInt64>.self, capacity: count)
        for index in 0..<count { (words + index).initialize(to: Atomic(0)) }
    }

    deinit { words.deallocate() }

    /// Takes up one request's share of `limit` for `client`, a keyed hash.
    ///
    /// Returns 0 where there is room for it, else in how many nanoseconds there will be.
    ///
    /// - Parameter now: nanoseconds of the monotonic clock.
    func take(_ client: UInt64, _ limit: RateLimit, now: UInt64) -> UInt64 {
        let place = place(of: client)
        var seen = words[place].load(ordering: .relaxed)
        // Whoever loses this often asks at a rate that one request more or less is nothing to.
        for _ in 0..<8 {
            let base = max(seen, now)
            if base - now > limit.tolerance { return base - now - limit.tolerance }
            let (isDone, found) = words[place].compareExchange(
                expected: seen, desired: base + limit.interval, ordering: .relaxed)
            if isDone { return 0 }
            seen = found
        }
        return 0
    }

    /// Where the client's number is; where there is none, the one least far ahead makes room.
    private func place(of client: UInt64) -> Int {
        let line = Int(truncatingIfNeeded: client >> 40) & (Self.lines - 1)
        let first = line * Self.ways * 2
        let key = client | 1  // Never 0.
        var victim = first
        var least = UInt64.max
        for way in first..<first + Self.ways {
            if words[way].load(ordering: .relaxed) == key { return way + Self.ways }
            let ahead = words[way + Self.ways].load(ordering: .relaxed)
            if ahead < least { (victim, least) = (way, ahead) }
        }
        // The number first: the newcomer must not be held to the debts of who was here before.
        words[victim + Self.ways].store(0, ordering: .relaxed)
        words[victim].store(key, ordering: .relaxed)
        return victim + Self.ways
    }
}
