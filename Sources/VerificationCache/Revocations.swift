import Synchronization

/// What was revoked, and when by the cache's own clock: per organization and per user.
///
/// Each revocation takes the next reading of the clock and raises a floor to it: its organization's, or its user's
/// place in a table. Several users share a place, which costs the others one verification and nothing else.
///
/// Memory orders. The clock is advanced by an acquiring and releasing addition, and read by acquiring loads: who reads
/// a stamp also sees all that was done before the revocation with that stamp, such as the change to the directory, so a
/// decision that carries the stamp can't rest on what was true before it. Floors are raised by a releasing maximum and
/// read by relaxed loads: they guard no other memory, and a single atomic location never goes back for a reader to whom
/// the revocation's return has been made known.
final class Revocations: @unchecked Sendable {
    /// The clock stops here, and nothing is stored any more: the safe end of four thousand million revocations.
    static let lastStamp = UInt32.max
    private static let places = 16384

    private let clock = Atomic<UInt32>(1)
    private let floors: UnsafeMutablePointer<Atomic<UInt32>>
    private let scopes = Mutex<[String: CacheScope]>([:])

    init() {
        floors = .allocate(capacity: Self.places)
        for place in 0..<Self.places { (floors + place).initialize(to: Atomic(0)) }
    }

    deinit {
        floors.deinitialize(count: Self.places)
        floors.deallocate()
    }

    static var byteCount: Int { places * MemoryLayout<UInt32>.size }

    /// The clock, for a decision that begins now.
    @inline(__always)
    func now() -> UInt32 { clock.load(ordering: .acquiring) }

    /// The organization with this id. For those who build snapshots: this takes a lock.
    func scope(of organization: String) -> CacheScope {
        scopes.withLock { scopes in
            if let known = scopes[organization] { return known }
            let scope = CacheScope(index: UInt32(truncatingIfNeeded: scopes.count), floor: 0)
            scopes[organization] = scope
            return scope
        }
    }

    func revoke(_ scope: CacheScope) -> UInt32 {
        let stamp = advance()
        scope.floor.max(stamp, ordering: .releasing)
        return stamp
    }

    func revokeAll() -> UInt32 {
        let stamp = advance()
        scopes.withLock { scopes in
            for scope in scopes.values { scope.floor.max(stamp, ordering: .releasing) }
        }
        return stamp
    }

    func revoke(userPlace: UInt16) -> UInt32 {
        let stamp = advance()
        floors[Int(userPlace)].max(stamp, ordering: .releasing)
        return stamp
    }

    /// Where the floor of the user whose id has this digest is.
    static func place(of digest: TokenDigest, in scope: CacheScope) -> UInt16 {
        UInt16(truncatingIfNeeded: (digest.low ^ UInt64(scope.index) &* 0x9E37_79B9_7F4A_7C15) % UInt64(places))
    }

    /// Whether what was read from the directory at `stamp` still holds for the user at this place.
    @inline(__always)
    func userHolds(at stamp: UInt32, place: UInt16) -> Bool {
        // Nothing at all was revoked since, mostly: the clock is a line that every core has.
        stamp == now() || stamp >= floors[Int(place)].load(ordering: .relaxed)
    }

    /// Whether settings that were read at `stamp` still hold for the organization.
    @inline(__always)
    func settingsHold(at stamp: UInt32, in scope: CacheScope) -> Bool {
        stamp >= scope.floor.load(ordering: .relaxed)
    }

    private func advance() -> UInt32 {
        var known = clock.load(ordering: .relaxed)
        while known < Self.lastStamp {
            // Releasing: readers of the stamp see what was done before. Acquiring: so do they of earlier revocations.
            let (done, found) = clock.compareExchange(
                expected: known, desired: known + 1, ordering: .acquiringAndReleasing)
            if done { return known + 1 }
            known = found
        }
        return Self.lastStamp
    }
}
