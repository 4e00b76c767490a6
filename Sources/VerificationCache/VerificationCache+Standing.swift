/// For those who go on using a value long after it was found: whether what it rests on still holds.
extension VerificationCache {
    /// The stamps that a value was stored with: of the settings it was decided by, and of what the directory said of its
    /// user. Nil where it was never stored.
    package func stamps(of value: Value) -> (settings: RevocationStamp, user: RevocationStamp)? {
        let record = value.cacheRecord.pointee
        guard record.charge > 0 else { return nil }
        return (RevocationStamp(value: record.settingsStamp), RevocationStamp(value: record.userStamp))
    }

    /// Whether no settings or keys of the organization were revoked after they were read at `stamp`.
    package func settingsHold(at stamp: RevocationStamp, in scope: CacheScope) -> Bool {
        store.revocations.settingsHold(at: stamp.value, in: scope)
    }

    /// Whether nothing was revoked that the directory said of `user` (its own id) at `stamp`. Users share places: that it
    /// doesn't hold may have another reason than this user.
    package func userHolds(_ user: String, at stamp: RevocationStamp, in scope: CacheScope) -> Bool {
        store.revocations.userHolds(at: stamp.value, place: store.userPlace(user, scope))
    }
}
