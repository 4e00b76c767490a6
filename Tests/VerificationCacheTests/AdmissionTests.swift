import Foundation
import Testing
import VerificationCache

/// Which tokens are kept, against plain LRU of the same size, by simulation.
///
/// `WIDGET_ZIPF=full swift test -c release --filter AdmissionTests` runs the size that `docs/verification-cache.md` gives.
@Suite struct AdmissionTests {
    struct Size {
        var tokens: Int
        var capacity: Int
        var warmUp: Int
        var requests: Int
    }

    static let isFull = ProcessInfo.processInfo.environment["WIDGET_ZIPF"] == "full"
    static let size =
        isFull
        ? Size(tokens: 1_000_000, capacity: 100_000, warmUp: 5_000_000, requests: 10_000_000)
        : Size(tokens: 20_000, capacity: 2_000, warmUp: 60_000, requests: 120_000)

    @Test func `on a Zipf stream it hits more often than LRU`() {
        let size = Self.size
        let zipf = ZipfDistribution(size.tokens, exponent: 1)
        var random = SplitMix(11)
        var (cache, lru) = (SimulatedCache(capacity: size.capacity), LRU(capacity: size.capacity))
        for request in 0..<size.warmUp + size.requests {
            let token = zipf.sample(&random)
            cache.access(token, counts: request >= size.warmUp)
            lru.access(token, counts: request >= size.warmUp)
        }
        let ratios = (
            ours: Double(cache.hits) / Double(size.requests), lru: Double(lru.hits) / Double(size.requests),
            best: zipf.share(ofFirst: size.capacity)
        )
        print("Zipf(1.0), \(size.tokens) tokens over \(size.capacity): \(ratios)")
        #expect(ratios.ours > ratios.lru + 0.02)
    }

    @Test(arguments: [0.5, 0.9])
    func `a flood of one-time tokens doesn't drive out the popular`(share: Double) {
        let size = Self.size
        let zipf = ZipfDistribution(size.tokens, exponent: 1)
        var random = SplitMix(12)
        var (cache, lru) = (SimulatedCache(capacity: size.capacity), LRU(capacity: size.capacity))
        var once = 1 << 32
        var counted = 0
        for request in 0..<size.warmUp + size.requests {
            let isFlood = request > size.warmUp / 2 && Double(random.next() >> 11) / 0x1p53 < share
            let counts = request >= size.warmUp && !isFlood
            let token = isFlood ? once : zipf.sample(&random)
            if isFlood { once += 1 }
            if counts { counted += 1 }
            cache.access(token, counts: counts)
            lru.access(token, counts: counts)
        }
        let ratios = (ours: Double(cache.hits) / Double(counted), lru: Double(lru.hits) / Double(counted))
        print("With \(Int(share * 100)) % one-time tokens: \(ratios)")
        #expect(ratios.ours > ratios.lru + 0.05)
    }

    @Test func `when other tokens become popular, the cache follows`() {
        let size = Self.size
        let zipf = ZipfDistribution(size.tokens, exponent: 1)
        var random = SplitMix(13)
        var (cache, lru) = (SimulatedCache(capacity: size.capacity), LRU(capacity: size.capacity))
        for request in 0..<size.warmUp + size.requests {
            // From the change on, the same shape over other tokens; all requests after it count.
            let token = zipf.sample(&random) + (request < size.warmUp ? 0 : 1 << 32)
            cache.access(token, counts: request >= size.warmUp)
            lru.access(token, counts: request >= size.warmUp)
        }
        let ratios = (ours: Double(cache.hits) / Double(size.requests), lru: Double(lru.hits) / Double(size.requests))
        print("After a change of the popular tokens: \(ratios)")
        #expect(ratios.ours > ratios.lru - 0.02)
    }

    @Test func `a first-seen token is a hit at once, also in a full cache`() {
        var cache = SimulatedCache(capacity: 800)
        for token in 0..<800 { for _ in 0..<20 { cache.access(token, counts: false) } }
        for token in 1000..<1200 {
            cache.access(token, counts: false)
            cache.access(token, counts: true)
        }
        #expect(cache.hits == 200)
    }
}

/// The real cache, with tokens that are numbers.
struct SimulatedCache {
    private(set) var hits = 0
    private let cache: TestCache
    private let worker: CacheWorker<CachedIdentity>
    private let scope: CacheScope

    init(capacity: Int) {
        // As many sets of eight as hold that many; entries are small, so that slots are what is short.
        let bytes = Double((capacity + 7) / 8) * (384 * 8 + 128) + 65_536
        cache = TestCache(megabytes: bytes / 1_048_576, workers: 1)
        worker = cache.register()
        scope = cache.scope(of: "acme")
    }

    mutating func access(_ token: Int, counts: Bool) {
        var bytes = (token, ~token)
        withUnsafeBytes(of: &bytes) { bytes in
            if worker.find(bytes, in: scope, now: 1000) != nil {
                if counts { hits += 1 }
                return
            }
            let stamp = cache.stamp()
            worker.insert(
                CachedIdentity(0), bytes: 0, token: bytes, in: scope, settingsReadAt: stamp, user: "u",
                userReadAt: stamp,
                expiresAt: 9e9, now: 1000)
            worker.quiesce()
        }
    }
}

/// Least recently used, exact.
struct LRU {
    private(set) var hits = 0
    private var places: [Int: Int] = [:]
    private var tokens: [Int] = []
    private var newer: [Int] = []
    private var older: [Int] = []
    private var newest = -1
    private var oldest = -1
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    mutating func access(_ token: Int, counts: Bool) {
        if let place = places[token] {
            if counts { hits += 1 }
            unlink(place)
            link(place)
        } else if tokens.count < capacity {
            tokens.append(token)
            newer.append(-1)
            older.append(-1)
            places[token] = tokens.count - 1
            link(tokens.count - 1)
        } else {
            let place = oldest
            unlink(place)
            places[tokens[place]] = nil
            tokens[place] = token
            places[token] = place
            link(place)
        }
    }

    private mutating func unlink(_ place: Int) {
        if newer[place] >= 0 { older[newer[place]] = older[place] } else { newest = older[place] }
        if older[place] >= 0 { newer[older[place]] = newer[place] } else { oldest = newer[place] }
    }

    private mutating func link(_ place: Int) {
        newer[place] = -1
        older[place] = newest
        if newest >= 0 { newer[newest] = place } else { oldest = place }
        newest = place
    }
}

/// Numbers 0..<count, the *n*-th with a weight of 1/(n+1)^exponent.
struct ZipfDistribution {
    private let cumulated: [Double]

    init(_ count: Int, exponent: Double) {
        var sum = 0.0
        cumulated = (1...count).map { rank in
            sum += 1 / pow(Double(rank), exponent)
            return sum
        }
    }

    func sample(_ random: inout SplitMix) -> Int {
        let wanted = Double(random.next() >> 11) / 0x1p53 * cumulated[cumulated.count - 1]
        var (low, high) = (0, cumulated.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if cumulated[middle] <= wanted { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// What the best of all fixed choices hits: always the most popular.
    func share(ofFirst count: Int) -> Double { cumulated[count - 1] / cumulated[cumulated.count - 1] }
}
