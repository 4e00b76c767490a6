/// How much room a process has left in its memory.
package enum MemoryLevel: Int, Sendable, Comparable {
    case ample
    /// What can be done without is given back.
    case scarce
    /// Nothing new is taken on.
    case exhausted

    package static func < (left: MemoryLevel, right: MemoryLevel) -> Bool { left.rawValue < right.rawValue }
}
