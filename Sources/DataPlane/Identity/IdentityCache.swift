import HTTPMessages
import MessageAuthentication

/// One worker's admitted identities, by token: so that only a token's first request costs a verification and a look
/// into the directory.
///
/// A hit means the very same bytes, the same organization and the same snapshot; the caller checks the expiry. Four
/// places share a set; the one that wasn't used for longest makes room. Only admitted identities are stored, so that
/// a flood of forgeries evicts nobody.
struct IdentityCache {
    private struct Entry {
        var hash: UInt64
        var generation: UInt64
        var lastUse: UInt64
        var token: [UInt8]
        var identity: AdmittedIdentity
    }

    private static let ways = 4
    /// What an entry takes with its token, headers and profile, for turning megabytes into places.
    private static let typicalEntryBytes = 2560
    private static let longestToken = 8192

    private var entries: [Entry?]
    private let sets: Int
    private var clock: UInt64 = 0
    private let seed: UInt64

    /// 0 megabytes: nothing is ever remembered.
    init(megabytes: Double) {
        let wanted = Int(megabytes * 1024 * 1024) / Self.typicalEntryBytes / Self.ways
        var sets = 0
        if wanted > 0 {
            sets = 1
            while sets * 2 <= wanted { sets *= 2 }
        }
        self.sets = sets
        entries = Array(repeating: nil, count: sets * Self.ways)
        seed = SystemRandom.bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func find(_ token: Bytes, organization: Int, generation: UInt64) -> AdmittedIdentity? {
        guard sets > 0 else { return nil }
        let hash = hash(token)
        let first = Int(truncatingIfNeeded: hash & UInt64(sets - 1)) * Self.ways
        for index in first..<first + Self.ways {
            guard let entry = entries[index], entry.hash == hash, entry.generation == generation,
                entry.identity.organization == organization, entry.token.withUnsafeBytes({ $0.equals(token) })
            else { continue }
            clock += 1
            entries[index]?.lastUse = clock
            return entry.identity
        }
        return nil
    }

    mutating func insert(_ identity: AdmittedIdentity, token: Bytes, generation: UInt64) {
        guard sets > 0, token.count <= Self.longestToken else { return }
        let hash = hash(token)
        let first = Int(truncatingIfNeeded: hash & UInt64(sets - 1)) * Self.ways
        var victim = first
        var oldest = UInt64.max
        for index in first..<first + Self.ways {
            let age = entries[index].map { $0.generation == generation ? $0.lastUse : 0 } ?? 0
            if age < oldest {
                oldest = age
                victim = index
            }
        }
        clock += 1
        entries[victim] = Entry(
            hash: hash, generation: generation, lastUse: clock, token: Array(token), identity: identity)
    }

    /// A keyed multiply-and-fold over eight bytes at a time. Only the place depends on it: the bytes decide.
    private func hash(_ bytes: Bytes) -> UInt64 {
        var hash = seed ^ UInt64(bytes.count)
        var index = 0
        while index + 8 <= bytes.count {
            hash = Self.fold(hash ^ bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self), 0x9E37_79B9_7F4A_7C15)
            index += 8
        }
        while index < bytes.count {
            hash = Self.fold(hash ^ UInt64(bytes[index]), 0xD6E8_FEB8_6659_FD93)
            index += 1
        }
        return Self.fold(hash, seed | 1)
    }

    @inline(__always)
    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}
