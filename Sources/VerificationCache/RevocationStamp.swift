/// A reading of a cache's revocation clock, which goes up by one with each revocation.
///
/// Take a stamp *before* reading what a decision rests on (settings and keys, the directory's user). An entry that
/// carries it is a hit only as long as nothing newer was revoked that concerns it: so a verification that began before
/// a revocation and ends after it leaves nothing that could ever be found.
package struct RevocationStamp: Sendable, Hashable, Comparable {
    @usableFromInline let value: UInt32

    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}
