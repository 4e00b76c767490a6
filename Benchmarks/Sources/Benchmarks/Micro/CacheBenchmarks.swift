import Benchmark
import Foundation
import HTTPMessages
import Synchronization
import VerificationCache

/// What both caches hold: stands for an admitted identity.
private final class CachedValue: Sendable {
    let number: Int

    init(_ number: Int) { self.number = number }
}

/// Tokens of 350 bytes in one piece of memory, and an order to ask for them in that no cache line can guess.
private final class CacheLoad: Sendable {
    static let length = 350

    let count: Int
    let order: [Int32]
    private nonisolated(unsafe) let memory: UnsafeMutableRawPointer

    init(_ count: Int) {
        self.count = count
        memory = .allocate(byteCount: count * CacheLoad.length, alignment: 16)
        memory.initializeMemory(as: UInt8.self, repeating: UInt8(ascii: "x"), count: count * CacheLoad.length)
        var state: UInt64 = 7
        for index in 0..<count {
            // Tokens of one organization differ in the middle and at the end.
            for offset in stride(from: 100, to: CacheLoad.length - 8, by: 40) {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                memory.storeBytes(of: state, toByteOffset: index * CacheLoad.length + offset, as: UInt64.self)
            }
        }
        order = (0..<min(count, 1 << 20)).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int32((state >> 33) % UInt64(count))
        }
    }

    deinit { memory.deallocate() }

    func token(_ index: Int) -> Bytes {
        Bytes(start: memory + index * CacheLoad.length, count: CacheLoad.length)
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
        for index in 0..<count {
            let stamp = cache.stamp()
            worker.insert(
                CachedValue(index), bytes: 64, token: load.token(index), in: scope, settingsReadAt: stamp,
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
                var hits = 0
                var position = thread * 7919
                for index in 0..<iterations {
                    position = (position &+ 1) % load.order.count
                    if worker.find(load.token(Int(load.order[position])), in: scope, now: 1) != nil { hits += 1 }
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
        for index in 0..<count { cache.insert(CachedValue(index), load.token(index)) }
        return (load, cache)
    }
    Benchmark(
        "\(name), Mutex and Dictionary", configuration: cacheConfiguration,
        closure: { (benchmark: Benchmark, filled: Filled) in
            let (load, cache) = filled
            race(benchmark, threads) { thread, iterations in
                var hits = 0
                var position = thread * 7919
                for _ in 0..<iterations {
                    position = (position &+ 1) % load.order.count
                    if cache.find(load.token(Int(load.order[position]))) != nil { hits += 1 }
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
