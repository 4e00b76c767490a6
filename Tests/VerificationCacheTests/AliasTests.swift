import Testing
import VerificationCache

/// No token is ever taken for another one: the cache holds digests, so this asks for near misses of what it holds.
@Suite struct AliasTests {
    let cache = TestCache(megabytes: 4, workers: 1)

    @Test(arguments: [1, 7, 8, 15, 16, 17, 63, 64, 65, 324, 350])
    func `no token that differs in one bit, or in length, is a hit`(length: Int) {
        let worker = cache.register()
        let scope = cache.scope(of: "acme")
        var random = SplitMix(UInt64(length))
        for number in 0..<20 {
            // Zeros at the end in some: these are what a digest of whole words can't see.
            let zeros = number % 4
            let token = (0..<length).map { $0 < length - zeros ? UInt8(truncatingIfNeeded: random.next()) | 1 : 0 }
            store(token, number, worker, scope)
            #expect(find(token, worker, scope)?.number == number)
            for bit in 0..<length * 8 {
                var changed = token
                changed[bit / 8] ^= 1 << UInt8(bit % 8)
                #expect(find(changed, worker, scope) == nil, "bit \(bit) of \(length) bytes")
            }
            for more in 1...16 {
                #expect(find(token + [UInt8](repeating: 0, count: more), worker, scope) == nil)
                guard more < length else { continue }
                #expect(find(Array(token.dropLast(more)), worker, scope) == nil)
            }
            #expect(find([0] + token, worker, scope) == nil)
            worker.remove(token, in: scope)
        }
    }

    @Test func `texts of zeros are told apart by their lengths`() {
        let worker = cache.register()
        let scope = cache.scope(of: "acme")
        for length in 1...200 { store([UInt8](repeating: 0, count: length), length, worker, scope) }
        // All lengths of one last word have one digest, and so share a set of eight.
        for length in 1...200 {
            let found = find([UInt8](repeating: 0, count: length), worker, scope)
            #expect(found == nil || found?.number == length)
        }
        #expect((1...200).count { find([UInt8](repeating: 0, count: $0), worker, scope) != nil } >= 90)
    }

    private func find(
        _ token: [UInt8], _ worker: CacheWorker<CachedIdentity>, _ scope: CacheScope
    ) -> CachedIdentity? {
        token.withUnsafeBytes { worker.find($0, in: scope, now: 1000) }
    }

    private func store(
        _ token: [UInt8], _ number: Int, _ worker: CacheWorker<CachedIdentity>, _ scope: CacheScope
    ) {
        let stamp = cache.stamp()
        token.withUnsafeBytes {
            worker.insert(
                CachedIdentity(number), bytes: 100, token: $0, in: scope, settingsReadAt: stamp, user: "u",
                userReadAt: stamp, expiresAt: 5000, now: 1000)
        }
    }
}
