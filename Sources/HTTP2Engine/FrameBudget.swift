/// What a client may cost on one connection by frames that are cheap to send and move no request on.
///
/// A leaky bucket: each such frame spends, what moves requests on earns, and so does time; who has spent all of it is
/// flooding, and is sent away with ENHANCE_YOUR_CALM. The price list is `FrameCost`.
package struct FrameBudget: Sendable {
    private let full: Int
    package private(set) var left: Int

    /// - Parameter full: room for what clients do at once, a page's worth of cancelled requests for one. A fortieth of
    ///   it comes back each second.
    package init(_ full: Int = HTTP2Limits().frameBudget) {
        self.full = full
        left = full
    }

    /// Returns false where nothing is left. A negative cost earns.
    @inline(__always)
    package mutating func spend(_ cost: Int) -> Bool {
        left = max(0, min(full, left - cost))
        return left > 0
    }

    @inline(__always)
    package mutating func earn(_ gain: Int) { left = min(full, left + gain) }

    /// To be called about once a second.
    package mutating func secondPassed() { earn(max(1, full / 40)) }
}
