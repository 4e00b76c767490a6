/// How many frames that carry nothing a client may send: PING, SETTINGS, PRIORITY, WINDOW_UPDATE, empty DATA and the like.
///
/// Each costs the server work and moves no request on. What moves one on earns some back, and so does time; who has
/// spent all of it is flooding, and is sent away.
package struct FrameBudget: Sendable {
    /// Room for what clients do at once: a page's worth of priorities, a burst of window updates.
    package static let full = 2000

    package private(set) var left = FrameBudget.full

    package init() {}

    /// Returns false where nothing is left.
    package mutating func spend(_ cost: Int) -> Bool {
        left = max(0, left - cost)
        return left > 0
    }

    package mutating func earn(_ gain: Int) { left = min(FrameBudget.full, left + gain) }

    /// To be called about once a second.
    package mutating func secondPassed() { earn(50) }
}
