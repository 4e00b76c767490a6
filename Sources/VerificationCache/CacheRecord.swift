/// A value that the cache can hold: it lends the cache room in its own memory, so that an entry is one allocation and a
/// hit reads one place in memory.
///
/// The record must be the very first thing behind the object's head: the first member of a `ManagedBuffer`'s header is.
/// A value is stored once, by the thread that made it: `insert` refuses one that was stored before. From then on all
/// threads may use it: it must be immutable, or safe to share, whether it is `Sendable` by name or not.
package protocol CacheableValue: AnyObject {
    var cacheRecord: UnsafeMutablePointer<CacheRecord> { get }
}

/// What the cache writes into a value before it is published; never changed after.
@usableFromInline
package struct CacheRecord {
    var digest = TokenDigest.zero
    /// Whole seconds since 1970, rounded down: from then on the entry is dead.
    var expiresAt: UInt32 = 0
    /// The clock before the settings and keys were read.
    var settingsStamp: UInt32 = 0
    /// The clock before the directory was asked.
    var userStamp: UInt32 = 0
    var organization: UInt32 = 0
    /// All that the entry takes, as its value says; 0 as long as it wasn't stored.
    var charge: UInt32 = 0
    var userPlace: UInt16 = 0
    var tokenLength: UInt16 = 0

    package init() {}
}
