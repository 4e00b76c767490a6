/// How many requests may be sent a second time, so that a failing upstream doesn't get twice the load.
///
/// Each request earns a share of a repetition, and so does time, so that a quiet gateway can repeat as well.
package struct RetryBudget: Sendable, Equatable {
    /// In hundredths of a repetition.
    private var balance: Int
    private var refilledAt: UInt64 = 0
    private let percent: Int

    /// What can be saved up, in repetitions.
    package static let most = 100
    /// What time alone earns, in repetitions a second, up to so many.
    package static let floorPerSecond = 2
    package static let floor = 10

    /// - Parameter percent: of the requests that may be repeated; 0: none ever.
    package init(percent: Int) {
        self.percent = percent
        balance = percent > 0 ? Self.floor * 100 : 0
    }

    @inline(__always)
    package mutating func requestBegan() { balance = min(balance + percent, Self.most * 100) }

    /// Whether one more request may be repeated at `now`, in milliseconds; if so, it is paid for.
    package mutating func take(at now: UInt64) -> Bool {
        guard percent > 0 else { return false }
        let elapsed = refilledAt == 0 ? 0 : Int(clamping: now - min(now, refilledAt))
        refilledAt = now
        if balance < Self.floor * 100 {
            balance = min(balance + min(elapsed, 60_000) * Self.floorPerSecond / 10, Self.floor * 100)
        }
        guard balance >= 100 else { return false }
        balance -= 100
        return true
    }
}
