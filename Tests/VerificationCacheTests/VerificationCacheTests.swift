import Testing
import VerificationCache

@Suite struct VerificationCacheTests {
    let cache = TestCache(megabytes: 2, workers: 4)

    @Test func `a stored token is found again, by every worker`() {
        let (one, other) = (cache.register(), cache.register())
        let scope = cache.scope(of: "acme")
        one.insert(CachedIdentity(7), in: scope, of: cache)
        #expect(one.find(7, in: scope)?.number == 7)
        #expect(other.find(7, in: scope)?.number == 7)
        #expect(one.counts.hits == 1 && one.counts.misses == 0 && one.counts.insertions == 1)
    }

    @Test func `one different byte is another token`() {
        let worker = cache.register()
        let scope = cache.scope(of: "acme")
        worker.insert(CachedIdentity(7), in: scope, of: cache)
        for index in 0..<350 {
            var bytes = tokenBytes(7)
            bytes[index] ^= 1
            #expect(bytes.withUnsafeBytes { worker.find($0, in: scope, now: 1000) } == nil)
        }
        #expect(tokenBytes(7).dropLast().withUnsafeBytes { worker.find($0, in: scope, now: 1000) } == nil)
        #expect((tokenBytes(7) + [0]).withUnsafeBytes { worker.find($0, in: scope, now: 1000) } == nil)
    }

    @Test func `another organization never sees it`() {
        let worker = cache.register()
        worker.insert(CachedIdentity(7), in: cache.scope(of: "acme"), of: cache)
        #expect(worker.find(7, in: cache.scope(of: "globex")) == nil)
        #expect(worker.find(7, in: cache.scope(of: "acme")) != nil)
    }

    @Test func `an organization's scope is the same object each time`() {
        #expect(cache.scope(of: "acme") === cache.scope(of: "acme"))
        #expect(cache.scope(of: "acme") !== cache.scope(of: "Acme"))
    }

    @Test(arguments: [(1999.0, true), (1999.9, true), (2000.0, false), (2000.7, false), (9e9, false)])
    func `expiry is checked on each hit, to the second below`(now: Double, isHit: Bool) {
        let worker = cache.register()
        let scope = cache.scope(of: "acme")
        worker.insert(CachedIdentity(1), in: scope, of: cache, expiresAt: 2000.5)
        #expect((worker.find(1, in: scope, now: now) != nil) == isHit)
        #expect(cache.filling.entries == (isHit ? 1 : 0))
    }

    @Test(arguments: [Double.infinity, 1e300, 4e9])
    func `a token without expiry is kept`(expiresAt: Double) {
        let worker = cache.register()
        let scope = cache.scope(of: "acme")
        worker.insert(CachedIdentity(1), in: scope, of: cache, expiresAt: expiresAt)
        #expect(worker.find(1, in: scope, now: 2e9) != nil)
    }

    @Test(arguments: [Double.nan, -Double.infinity, 0, 999, 1000])
    func `what has expired already isn't stored`(expiresAt: Double) {
        let worker = cache.register()
        worker.insert(CachedIdentity(1), in: cache.scope(of: "acme"), of: cache, expiresAt: expiresAt)
        #expect(cache.filling.entries == 0)
    }

    @Test(arguments: [
        (0, false), (1, true), (15, true), (16, true), (17, true), (49, true), (8192, true), (8193, false),
    ])
    func `tokens of every length up to 8 KiB are kept`(length: Int, isKept: Bool) {
        let worker = cache.register()
        let scope = cache.scope(of: "acme")
        let stamp = cache.stamp()
        tokenBytes(3, length: length).withUnsafeBytes {
            worker.insert(
                CachedIdentity(3), bytes: 10, token: $0, in: scope, settingsReadAt: stamp, user: "u", userReadAt: stamp,
                expiresAt: 5000, now: 1000)
            #expect((worker.find($0, in: scope, now: 1000) != nil) == isKept)
        }
    }

    @Test func `storing a token again replaces its entry`() {
        let worker = cache.register()
        let scope = cache.scope(of: "acme")
        for version in 0..<10 { worker.insert(CachedIdentity(1, userVersion: version), in: scope, of: cache) }
        #expect(worker.find(1, in: scope)?.userVersion == 9)
        #expect(cache.filling.entries == 1)
    }

    @Test func `a value is stored once, also after it was taken out`() {
        let worker = cache.register()
        let scope = cache.scope(of: "acme")
        let identity = CachedIdentity(1)
        worker.insert(identity, in: scope, of: cache)
        worker.insert(identity, in: scope, of: cache)
        #expect(worker.counts.insertions == 1)
        worker.remove(tokenBytes(1), in: scope)
        worker.insert(identity, in: scope, of: cache)
        #expect(worker.find(1, in: scope) == nil)
        #expect(cache.filling.entries == 0)
    }

    @Test func `a value whose record isn't where the cache looks for it is not stored`() {
        let cache = VerificationCache<MisplacedRecord>(megabytes: 2, workers: 1)
        let worker = cache.register()
        let scope = cache.scope(of: "acme")
        let stamp = cache.stamp()
        tokenBytes(1).withUnsafeBytes {
            worker.insert(
                MisplacedRecord(), bytes: 100, token: $0, in: scope, settingsReadAt: stamp, user: "u",
                userReadAt: stamp, expiresAt: 5000, now: 1000)
            #expect(worker.find($0, in: scope, now: 1000) == nil)
        }
        #expect(cache.filling.entries == 0 && cache.filling.bytes == 0)
    }

    @Test func `a removed token is not found`() {
        let worker = cache.register()
        let scope = cache.scope(of: "acme")
        worker.insert(CachedIdentity(1), in: scope, of: cache)
        tokenBytes(1).withUnsafeBytes { worker.remove($0, in: scope) }
        #expect(worker.find(1, in: scope) == nil)
        #expect(cache.filling.entries == 0)
    }

    @Test(arguments: [0, -1, Double.nan, 0.01])
    func `a cache of no megabytes finds nothing and holds nothing`(megabytes: Double) {
        let cache = TestCache(megabytes: megabytes, workers: 2)
        let worker = cache.register()
        let scope = cache.scope(of: "acme")
        worker.insert(CachedIdentity(1), in: scope, of: cache)
        #expect(worker.find(1, in: scope) == nil)
        worker.quiesce()
        worker.enterIdle()
        worker.leaveIdle()
        cache.revokeAll()
        #expect(cache.filling.entries == 0 && cache.filling.bytes == 0 && cache.filling.byteLimit == 0)
    }

    @Test func `a worker too many goes without a cache`() {
        let workers = (0..<5).map { _ in cache.register() }
        let scope = cache.scope(of: "acme")
        for worker in workers { worker.insert(CachedIdentity(1), in: scope, of: cache) }
        #expect(workers[3].find(1, in: scope) != nil)
        #expect(workers[4].find(1, in: scope) == nil)
    }
}

/// A value with something before its record.
private final class MisplacedRecord: CacheableValue, @unchecked Sendable {
    private let number = 7
    private var record = CacheRecord()

    var cacheRecord: UnsafeMutablePointer<CacheRecord> { withUnsafeMutablePointer(to: &record) { $0 } }
}
