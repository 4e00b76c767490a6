import Synchronization

/// Verified and admitted identities by token, shared by all workers without locks.
///
/// A hit means: the very same token bytes, the same organization, not expired, and nothing revoked since the decision
/// that would concern it. Bounded in bytes; when it is full, the least popular entry of eight makes room, so that tokens
/// that come once can't drive out those that come often. How it works, and why it is safe: `docs/verification-cache.md`.
package final class VerificationCache<Value: CacheableValue>: Sendable {
    let store: CacheStore

    /// A cache of at most this many megabytes (of 2^20 bytes), entries with their values, table and all; 0 is off:
    /// nothing is ever found, and nothing stored.
    ///
    /// At most `workers` may be registered at the same time; to further ones the cache is off.
    package init(megabytes: Double, workers: Int) {
        store = CacheStore(bytes: megabytes > 0 ? Int(min(megabytes, 16_777_216) * 1_048_576) : 0, workers: workers)
    }

    /// A worker's own access. The worker must call `quiesce()` in each turn of its loop.
    package func register() -> CacheWorker<Value> { CacheWorker(CacheAccess(store)) }

    /// The organization with this id: always the same object. Takes a lock: not for the way of a request.
    package func scope(of organization: String) -> CacheScope { store.revocations.scope(of: organization) }

    /// The clock now: to be read before reading what a decision will rest on.
    package func stamp() -> RevocationStamp { RevocationStamp(value: store.revocations.now()) }

    /// From the return on, no entry of the organization is found that was decided by settings or keys read before.
    ///
    /// The stamp may be given to a snapshot that is made of what is read from now on.
    @discardableResult
    package func revoke(_ scope: CacheScope) -> RevocationStamp {
        RevocationStamp(value: store.revocations.revoke(scope))
    }

    /// `revoke` for every organization.
    @discardableResult
    package func revokeAll() -> RevocationStamp { RevocationStamp(value: store.revocations.revokeAll()) }

    /// From the return on, no entry of this user is found that was decided by what the directory said before.
    ///
    /// Call it when the change (block, delete, sign out everywhere) can be read from the directory. `user` is the
    /// directory's id.
    package func revoke(user: String, in scope: CacheScope) {
        _ = store.revocations.revoke(userPlace: store.userPlace(user, scope))
    }

    /// Has all its room again, after a worker's `shrink`.
    package func growAgain() { store.allowance.store(store.limit, ordering: .relaxed) }

    /// What the cache holds now.
    package var filling: CacheFilling {
        CacheFilling(
            entries: store.entries.load(ordering: .relaxed), bytes: store.liveBytes.load(ordering: .relaxed),
            retiredBytes: store.retiredBytes.load(ordering: .relaxed), byteLimit: store.limit)
    }
}
