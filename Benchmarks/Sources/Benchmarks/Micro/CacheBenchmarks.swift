import Benchmark
import Foundation
import HTTPMessages
import Synchronization
import VerificationCache

/// What both caches hold: stands for an admitted identity.
private final class CachedValue: CacheableValue, @unchecked Sendable {  // Of what changes, the record is the cache's.
    private var record = CacheRecord()
    let number: Int

    init(_ number: Int) { self.number = number }

    var cacheRecord: UnsafeMutablePointer<CacheRecord> { withUnsafeMutablePointer(to: &record) { $0 } }
}

/// Tokens of 350 bytes, and an order to ask for them in that no processor can guess.
///
/// A token is written anew for each look-up, into memory that is used all the time: as a request's token is, which has
/// just been received. Of the cache's own memory nothing is warm but what look-ups keep warm.
private final class CacheLoad: Sendable {
    static let length = 350

    let order: [Int32]

    init(_ count: Int) {
        var random = UInt64(7)
        order = (0..<min(max(count, 4096), 1 << 20)).map { _ in
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int32((random >> 33) % UInt64(count))
        }
    }

    /// Memory for one token, for one thread.
    static func room() -> UnsafeMutableRawBufferPointer {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: length, alignment: 16)
        room.initializeMemory(as: UInt8.self, repeating: UInt8(ascii: "x"))
        return room
    }

    /// Tokens of one organization differ in the middle and at the end.
    @inline(__always)
    static func write(_ index: Int, to room: UnsafeMutableRawBufferPointer) -> Bytes {
        var word = UInt64(truncatingIfNeeded: index) &* 0x9E37_79B9_7F4A_7C15
        for offset in stride(from: 100, to: length - 8, by: 60) {
            room.storeBytes(of: word, toByteOffset: offset, as: UInt64.self)
            word = (word ^ (word >> 29)) &* 0xBF58_476D_1CE4_E5B9
        }
        return Bytes(room)
    }
}

/// A dictionary behind a mutex, as one writes it on the first day.
private final class MutexCache: Sendable {
    private let entries = Mutex<[[UInt8]: CachedValue]>([:])

    func insert(_ value: CachedValue, _ token: Bytes) { entries.withLock { $0[Array(token)] = value } }
    func find(_ token: Bytes) -> CachedValue? { entries.withLock { $0[Array(token)] } }
}

/// One operation is one hit per thread: with two threads that don't hinder each other it takes as long as with one.
func cacheBenchmarks() {
    Benchmark("cache hit, writing the token alone, ours", configuration: cacheConfiguration) { benchmark in
        let load = CacheLoad(1000)
        let room = CacheLoad.room()
        defer { room.deallocate() }
        var position = 0
        benchmark.startMeasurement()
        for _ in benchmark.scaledIterations {
            position = position &+ 1 < load.order.count ? position &+ 1 : 0
            blackHole(CacheLoad.write(Int(load.order[position]), to: room))
        }
        benchmark.stopMeasurement()
    }
    for (label, count) in [("1 k", 1000), ("100 k", 100_000), ("1 M", 1_000_000)] {
        for threads in 1...2 {
            let name = "cache hit, \(label) tokens, \(threads) thread\(threads == 1 ? "" : "s")"
            lockFree(name, count, threads)
            mutex(name, count, threads)
        }
    }
}

private func lockFree(_ name: String, _ count: Int, _ threads: Int) {
    typealias Filled = (load: CacheLoad, cache: VerificationCache<CachedValue>, scope: CacheScope)
    @Sendable func fill() -> Filled {
        let load = CacheLoad(count)
        let cache = VerificationCache<CachedValue>(megabytes: 2048, workers: 4)
        let scope = cache.scope(of: "acme")
        let worker = cache.register()
        let room = CacheLoad.room()
        defer { room.deallocate() }
        for index in 0..<count {
            let stamp = cache.stamp()
            worker.insert(
                CachedValue(index), bytes: 64, token: CacheLoad.write(index, to: room), in: scope,
                settingsReadAt: stamp,
                user: "u\(index)", userReadAt: stamp, expiresAt: 1000, now: 1)
            if index & 1023 == 0 { worker.quiesce() }
        }
        return (load, cache, scope)
    }
    Benchmark(
        "\(name), ours", configuration: cacheConfiguration,
        closure: { (benchmark: Benchmark, filled: Filled) in
            let (load, cache, scope) = filled
            race(benchmark, threads) { thread, iterations in
                let worker = cache.register()
                let room = CacheLoad.room()
                defer { room.deallocate() }
                var hits = 0
                var position = thread * load.order.count / 2
                for index in 0..<iterations {
                    position = position &+ 1 < load.order.count ? position &+ 1 : 0
                    if worker.find(CacheLoad.write(Int(load.order[position]), to: room), in: scope, now: 1) != nil {
                        hits += 1
                    }
                    // A loop's turn has some requests.
                    if index & 15 == 15 { worker.quiesce() }
                }
                precondition(hits > iterations / 10 * 9, "\(hits) hits of \(iterations)")
            }
        }, setup: { fill() })
}

private func mutex(_ name: String, _ count: Int, _ threads: Int) {
    typealias Filled = (load: CacheLoad, cache: MutexCache)
    @Sendable func fill() -> Filled {
        let load = CacheLoad(count)
        let cache = MutexCache()
        let room = CacheLoad.room()
        defer { room.deallocate() }
        for index in 0..<count { cache.insert(CachedValue(index), CacheLoad.write(index, to: room)) }
        return (load, cache)
    }
    Benchmark(
        "\(name), Mutex and Dictionary", configuration: cacheConfiguration,
        closure: { (benchmark: Benchmark, filled: Filled) in
            let (load, cache) = filled
            race(benchmark, threads) { thread, iterations in
                let room = CacheLoad.room()
                defer { room.deallocate() }
                var hits = 0
                var position = thread * load.order.count / 2
                for _ in 0..<iterations {
                    position = position &+ 1 < load.order.count ? position &+ 1 : 0
                    if cache.find(CacheLoad.write(Int(load.order[position]), to: room)) != nil { hits += 1 }
                }
                precondition(hits == iterations)
            }
        }, setup: { fill() })
}

private var cacheConfiguration: Benchmark.Configuration {
    .init(
        metrics: [.wallClock], timeUnits: .nanoseconds, warmupIterations: 1, scalingFactor: .mega,
        maxDuration: .seconds(3), maxIterations: 20)
}

/// Runs `body` on so many threads at once, from one start to the last end.
private func race(
    _ benchmark: Benchmark, _ threads: Int, _ body: @escaping @Sendable (_ thread: Int, _ iterations: Int) -> Void
) {
    let iterations = benchmark.scaledIterations.count
    let ready = Atomic<Int>(0)
    benchmark.startMeasurement()
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
        // None begins before all are there.
        ready.add(1, ordering: .relaxed)
        while ready.load(ordering: .relaxed) < threads {}
        body(thread, iterations)
    }
    benchmark.stopMeasurement()
}
