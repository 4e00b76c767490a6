import Synchronization

/// One organization, as the cache knows it: the same object for the same id, whatever snapshots come and go.
@usableFromInline
package final class CacheScope: Sendable {
    /// What entries carry of their organization.
    let index: UInt32

    /// Entries whose settings were read before this stamp are dead.
    let floor: Atomic<UInt32>

    init(index: UInt32, floor: UInt32) {
        self.index = index
        self.floor = Atomic(floor)
    }
}
