/// One worker's access to the cache: confined to its thread.
///
/// What `find` returns is a reference of the caller's own, good for as long as it is kept.
package final class CacheWorker<Value: CacheableValue> {
    @usableFromInline let access: CacheAccess

    init(_ access: CacheAccess) { self.access = access }

    /// The value of exactly these bytes, or nil.
    ///
    /// `now` is in seconds since 1970. An entry is dead from the last whole second before its expiry.
    @inlinable
    package func find(_ token: UnsafeRawBufferPointer, in scope: CacheScope, now: Double) -> Value? {
        guard let found = access.find(token, in: scope, now: now) else { return nil }
        return unsafeDowncast(found, to: Value.self)
    }

    /// Stores a value that was decided by settings read at `settingsReadAt`, and by what the directory said of `user`
    /// (its own id) at `userReadAt` or later.
    ///
    /// `bytes` is what the value takes in memory, with all that it owns; tokens of more than 8 KiB aren't stored, and no
    /// value twice. It may do nothing at all: where memory can't be freed yet, or the decision doesn't hold any more.
    @inlinable
    package func insert(
        _ value: Value, bytes: Int, token: UnsafeRawBufferPointer, in scope: CacheScope,
        settingsReadAt: RevocationStamp, user: String, userReadAt: RevocationStamp, expiresAt: Double, now: Double
    ) {
        access.insert(
            value, record: value.cacheRecord, bytes: bytes, token: token, in: scope,
            settingsReadAt: settingsReadAt.value, user: user, userReadAt: userReadAt.value, expiresAt: expiresAt,
            now: now)
    }

    /// Takes out the entry of these bytes, if there is one.
    @inlinable
    package func remove(_ token: UnsafeRawBufferPointer, in scope: CacheScope) { access.remove(token, in: scope) }

    /// Takes out entries until they take no more than this share of the room there is, a few hundred with each call, and
    /// lets the cache not grow: until `growAgain()`. To be called again and again.
    package func shrink(to share: Double, now: Double) {
        access.shrink(to: Int(Double(access.store.limit) * min(1, max(0, share))), now: now)
    }

    /// A quiescent point: to be called once in each turn of the loop, between two requests.
    ///
    /// Frees what nobody can be reading any more. A worker that calls this never, and isn't idle either, keeps all
    /// others from freeing anything; they then store less, never more than the limit.
    @inlinable
    package func quiesce() { access.quiesce() }

    /// This worker is about to wait, perhaps for long, and for it the cache is off until `leaveIdle()` or
    /// `quiesce()`.
    ///
    /// Only for loops that may sleep for long: one that wakes up every now and then needs neither.
    @inlinable
    package func enterIdle() { access.enterIdle() }

    /// Ends what `enterIdle` began.
    @inlinable
    package func leaveIdle() { access.leaveIdle() }

    /// What this worker has seen since it registered.
    package var counts: CacheCounts { access.counts }
}
