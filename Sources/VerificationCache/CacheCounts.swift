/// What one worker has seen of the cache since it registered.
package struct CacheCounts: Sendable, Equatable {
    package var hits: UInt64 = 0
    package var misses: UInt64 = 0
    /// Entries that were stored.
    package var insertions: UInt64 = 0
    /// Entries that were taken out: to make room, because they were dead, or replaced.
    package var evictions: UInt64 = 0
    /// Entries that weren't stored for want of room, or because of others who were faster.
    package var refusals: UInt64 = 0

    package init() {}
}

/// What the cache holds, for gauges.
package struct CacheFilling: Sendable, Equatable {
    package var entries: Int
    /// Of the entries and their values, as reported.
    package var bytes: Int
    /// Of entries that were taken out and may still be read by somebody.
    package var retiredBytes: Int
    /// The most that `bytes` may be.
    package var byteLimit: Int
}
