import Synchronization
import VerificationCache

/// What the tests store: it says which token, user and versions it was made for, and whether it still exists.
final class CachedIdentity: CacheableValue, @unchecked Sendable {  // Of what changes, the record is the cache's.
    private var record = CacheRecord()
    static let aliveMark: UInt64 = 0xA11C_E0A1_1CE0_A11C

    let number: Int
    let userVersion: Int
    let settingsVersion: Int
    private let mark = Atomic<UInt64>(aliveMark)
    private let deaths: SharedCounter?

    init(_ number: Int, userVersion: Int = 0, settingsVersion: Int = 0, deaths: SharedCounter? = nil) {
        self.number = number
        self.userVersion = userVersion
        self.settingsVersion = settingsVersion
        self.deaths = deaths
    }

    deinit {
        mark.store(0, ordering: .relaxed)
        deaths?.add()
    }

    var cacheRecord: UnsafeMutablePointer<CacheRecord> { withUnsafeMutablePointer(to: &record) { $0 } }

    var isAlive: Bool { mark.load(ordering: .relaxed) == Self.aliveMark }
}

typealias TestCache = VerificationCache<CachedIdentity>

/// A made-up token: its number, then as many bytes as tokens have.
func tokenBytes(_ number: Int, length: Int = 350) -> [UInt8] {
    var bytes = [UInt8](repeating: 0x61, count: length)
    for (index, digit) in String(number).utf8.enumerated() where index < length { bytes[index] = digit }
    if length >= 32 { bytes[length - 1] = UInt8(truncatingIfNeeded: number) }
    return bytes
}

extension CacheWorker where Value == CachedIdentity {
    /// `find` with a made-up token.
    func find(_ number: Int, in scope: CacheScope, now: Double = 1000) -> CachedIdentity? {
        tokenBytes(number).withUnsafeBytes { find($0, in: scope, now: now) }
    }

    /// `remove` with an array.
    func remove(_ token: [UInt8], in scope: CacheScope) { token.withUnsafeBytes { remove($0, in: scope) } }

    /// Stores an identity as one that has just been decided.
    func insert(
        _ identity: CachedIdentity, bytes: Int = 256, in scope: CacheScope, of cache: TestCache, user: String = "u",
        expiresAt: Double = 5000, now: Double = 1000
    ) {
        let stamp = cache.stamp()
        tokenBytes(identity.number).withUnsafeBytes {
            insert(
                identity, bytes: bytes, token: $0, in: scope, settingsReadAt: stamp, user: user, userReadAt: stamp,
                expiresAt: expiresAt, now: now)
        }
    }
}
