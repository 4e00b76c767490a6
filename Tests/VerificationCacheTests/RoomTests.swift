import Testing

@testable import VerificationCache

@Suite struct RoomTests {
    @Test(arguments: [100, 1_000, 20_000, 100_000])
    func `the bytes of entries never pass the limit`(valueBytes: Int) {
        let cache = TestCache(megabytes: 2, workers: 2)
        let worker = cache.register()
        let scope = cache.scope(of: "acme")
        var most = 0
        for number in 0..<8_000 {
            worker.insert(CachedIdentity(number), bytes: valueBytes, in: scope, of: cache)
            worker.quiesce()
            most = max(most, cache.filling.bytes + cache.filling.retiredBytes)
        }
        #expect(cache.filling.bytes <= cache.filling.byteLimit)
        #expect(most <= 2 * 1_048_576)
        #expect(worker.counts.insertions > 7_900)
        #expect(cache.filling.entries > 10)
    }

    @Test func `without reclamation the cache stores less, and never more than the limit`() {
        let cache = TestCache(megabytes: 2, workers: 2)
        let worker = cache.register()
        let sleeper = cache.register()
        let scope = cache.scope(of: "acme")
        for number in 0..<20_000 {
            worker.insert(CachedIdentity(number), bytes: 1000, in: scope, of: cache)
            worker.quiesce()
            #expect(cache.filling.bytes + cache.filling.retiredBytes <= 2 * 1_048_576)
        }
        #expect(worker.counts.refusals > 0)
        for _ in 0..<40 {
            sleeper.quiesce()
            worker.quiesce()
        }
        #expect(cache.filling.retiredBytes == 0)
        worker.insert(CachedIdentity(-1), bytes: 1000, in: scope, of: cache)
        #expect(worker.find(-1, in: scope) != nil)
    }

    @Test func `an entry larger than the cache is not stored`() {
        let cache = TestCache(megabytes: 1, workers: 2)
        let worker = cache.register()
        worker.insert(CachedIdentity(1), bytes: 2_000_000, in: cache.scope(of: "acme"), of: cache)
        #expect(cache.filling.entries == 0)
    }

    @Test func `beside its value, an entry takes 40 bytes in it and a slot`() {
        #expect(MemoryLayout<CacheRecord>.size == 40)
        #expect(SlotTable.bytesPerSet / SlotTable.ways == 16)
    }

    @Test func `a cache that has to shrink does so bit by bit, and grows again`() {
        let cache = TestCache(megabytes: 4, workers: 2)
        let worker = cache.register()
        let scope = cache.scope(of: "acme")
        func fill(_ numbers: Range<Int>) {
            for number in numbers {
                worker.insert(CachedIdentity(number), bytes: 1000, in: scope, of: cache)
                worker.quiesce()
            }
        }
        fill(0..<8000)
        let limit = cache.filling.byteLimit
        #expect(cache.filling.bytes > limit / 10 * 9)
        var (last, steps) = (cache.filling.bytes, 0)
        while cache.filling.bytes > limit / 4, steps < 100 {
            worker.shrink(to: 0.25, now: 1000)
            for _ in 0..<10 { worker.quiesce() }
            #expect(cache.filling.bytes < last)
            (last, steps) = (cache.filling.bytes, steps + 1)
            fill(10_000 + steps * 100..<10_050 + steps * 100)
            #expect(cache.filling.bytes <= last, "what is stored meanwhile replaces others")
            last = cache.filling.bytes
        }
        #expect((3..<100).contains(steps))
        #expect(cache.filling.entries > 100, "the rest stays")
        worker.shrink(to: 0, now: 1000)
        worker.shrink(to: 9, now: 1000)
        cache.growAgain()
        fill(20_000..<28_000)
        #expect(cache.filling.bytes > limit / 10 * 9)
    }

    @Test func `dead entries make room first`() {
        let cache = TestCache(megabytes: 1, workers: 1)
        let worker = cache.register()
        let scope = cache.scope(of: "acme")
        for number in 0..<600 {
            let expiresAt = number % 2 == 0 ? 2000.0 : 9000.0
            worker.insert(CachedIdentity(number), in: scope, of: cache, user: "u\(number)", expiresAt: expiresAt)
            for _ in 0..<10 { _ = worker.find(number, in: scope) }
            worker.quiesce()
        }
        let before = (0..<600).count { $0 % 2 == 1 && worker.find($0, in: scope) != nil }
        for number in 1000..<1200 {
            worker.insert(CachedIdentity(number), in: scope, of: cache, now: 3000)
            worker.quiesce()
        }
        let after = (0..<600).count { $0 % 2 == 1 && worker.find($0, in: scope, now: 3000) != nil }
        #expect(Double(after) > Double(before) * 0.95)
    }
}
