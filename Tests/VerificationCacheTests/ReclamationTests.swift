import Testing

@testable import VerificationCache

@Suite struct ReclamationTests {
    let cache = TestCache(megabytes: 2, workers: 4)

    @Test func `a replaced value goes when all workers have passed`() {
        let deaths = SharedCounter()
        let (one, other) = (cache.register(), cache.register())
        let scope = cache.scope(of: "acme")
        one.insert(CachedIdentity(1, deaths: deaths), in: scope, of: cache)
        one.insert(CachedIdentity(1, deaths: deaths), in: scope, of: cache)
        for _ in 0..<10 { one.quiesce() }
        #expect(deaths.count == 0)
        #expect(cache.filling.retiredBytes > 0)
        for _ in 0..<4 {
            other.quiesce()
            one.quiesce()
        }
        #expect(deaths.count == 1)
        #expect(cache.filling.retiredBytes == 0)
    }

    @Test func `an idle worker holds nobody up`() {
        let deaths = SharedCounter()
        let (one, idle) = (cache.register(), cache.register())
        let scope = cache.scope(of: "acme")
        one.insert(CachedIdentity(1, deaths: deaths), in: scope, of: cache)
        idle.enterIdle()
        one.insert(CachedIdentity(1, deaths: deaths), in: scope, of: cache)
        for _ in 0..<4 { one.quiesce() }
        #expect(deaths.count == 1)
        #expect(idle.find(1, in: scope) == nil)
        idle.leaveIdle()
        #expect(idle.find(1, in: scope) != nil)
        idle.enterIdle()
        idle.quiesce()
        #expect(idle.find(1, in: scope) != nil)
    }

    @Test func `a value that somebody keeps outlives its entry`() {
        let deaths = SharedCounter()
        let worker = cache.register()
        let scope = cache.scope(of: "acme")
        worker.insert(CachedIdentity(1, deaths: deaths), in: scope, of: cache)
        let kept = worker.find(1, in: scope)
        cache.revokeAll()
        #expect(worker.find(1, in: scope) == nil)
        for _ in 0..<5 { worker.quiesce() }
        #expect(kept?.isAlive == true)
        #expect(deaths.count == 0)
    }

    @Test func `everything is freed with the cache, also what a worker left behind`() {
        let deaths = SharedCounter()
        do {
            let cache = TestCache(megabytes: 2, workers: 4)
            let scope = cache.scope(of: "acme")
            for _ in 0..<3 {
                let worker = cache.register()
                for number in 0..<100 { worker.insert(CachedIdentity(number, deaths: deaths), in: scope, of: cache) }
            }
        }
        #expect(deaths.count == 300)
    }

    @Test func `what a worker left behind is freed by the next one`() {
        let deaths = SharedCounter()
        let scope = cache.scope(of: "acme")
        do {
            let worker = cache.register()
            for _ in 0..<2 { worker.insert(CachedIdentity(1, deaths: deaths), in: scope, of: cache) }
        }
        let next = cache.register()
        for _ in 0..<4 { next.quiesce() }
        #expect(deaths.count == 1)
    }

    @Test func `a line can be used again after its worker has left`() {
        for _ in 0..<20 {
            let worker = cache.register()
            worker.insert(CachedIdentity(1), in: cache.scope(of: "acme"), of: cache)
            #expect(worker.find(1, in: cache.scope(of: "acme")) != nil)
        }
    }

    @Test func `the epoch steps only when all that are online have seen it`() throws {
        let epochs = Epochs(capacity: 3)
        let one = try #require(epochs.claimLine())
        let other = try #require(epochs.claimLine())
        let first = epochs.goOnline(one)
        #expect(epochs.goOnline(other) == first)
        #expect(epochs.advance() == first + 1)
        #expect(epochs.advance() == first + 1)
        #expect(epochs.passQuiescentPoint(one, known: first) == first + 1)
        #expect(epochs.advance() == first + 1)
        #expect(epochs.passQuiescentPoint(other, known: first) == first + 1)
        #expect(epochs.advance() == first + 2)
        epochs.goOffline(other)
        #expect(epochs.passQuiescentPoint(one, known: first + 1) == first + 2)
        #expect(epochs.advance() == first + 3)
    }
}
