import Synchronization

/// What all workers share: the table, what was revoked, the epochs, and the account of bytes.
///
/// The account is strict: room is reserved before a node is made, and given back when the node is freed. Nodes that were
/// taken out but can't be freed yet have an account of their own, an eighth of the whole.
///
/// Memory orders. The accounts are relaxed: they are numbers to decide by, and guard no memory.
final class CacheStore: @unchecked Sendable {
    /// How many bytes of room make a slot. An entry takes about 500 bytes, so that a full cache has sets that are three
    /// quarters full: where they were fuller, entries would be driven out of full sets while others have room.
    static let expectedEntryBytes = 384

    /// Nil: the cache is off.
    let table: SlotTable?
    let digests = DigestKey()
    let revocations = Revocations()
    let epochs: Epochs
    /// What workers that have left couldn't free yet, for the next one that comes.
    let leftBehind = Mutex<[RetiredNodes]>([])

    let limit: Int
    let retiredLimit: Int
    /// Of `limit`, what may be used while the process has little memory.
    let allowance: Atomic<Int>
    let liveBytes = Atomic<Int>(0)
    let retiredBytes = Atomic<Int>(0)
    let entries = Atomic<Int>(0)
    /// The set at which the next search for bytes begins.
    let hand = Atomic<Int>(0)

    init(bytes: Int, workers: Int) {
        let usable = max(0, bytes - Revocations.byteCount)
        let sets = usable / (Self.expectedEntryBytes * SlotTable.ways + SlotTable.bytesPerSet)
        epochs = Epochs(capacity: max(1, workers))
        table = sets > 0 ? SlotTable(sets: sets) : nil
        retiredLimit = usable / 8
        limit = max(0, usable - retiredLimit - sets * SlotTable.bytesPerSet)
        allowance = Atomic(limit)
    }

    /// Every worker has left by now: it holds a reference to this store.
    deinit {
        leftBehind.withLock { left in
            for index in left.indices { left[index].freeAll() }
        }
        table?.deallocate()
        digests.deallocate()
    }

    /// Whether a node is dead, as far as can be said without its organization.
    @inline(__always)
    func isDead(_ node: CacheNode, now: Double) -> Bool {
        let record = node.record
        return now >= Double(record.pointee.expiresAt)
            || !revocations.userHolds(at: record.pointee.userStamp, place: record.pointee.userPlace)
    }

    func userPlace(_ user: String, _ scope: CacheScope) -> UInt16 {
        var user = user
        return user.withUTF8 { bytes in
            // A longer id shares its place with those that begin alike, which costs a verification and nothing else.
            let text = UnsafeRawBufferPointer(
                start: bytes.baseAddress, count: min(bytes.count, DigestKey.longestText))
            return Revocations.place(of: digests(text), in: scope)
        }
    }
}
