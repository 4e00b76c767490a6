import Foundation
import Testing
import VerificationCache

/// What a hit costs, printed: `WIDGET_TIMES=1 swift test -c release -Xswiftc -enable-testing --filter HitTimes`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["WIDGET_TIMES"] != nil), .serialized)
struct HitTimes {
    static let length = 350

    @Test(arguments: [1, 1000, 100_000, 1_000_000])
    func `a hit, by one thread and by two`(tokens: Int) {
        let memory = [UInt8](unsafeUninitializedCapacity: tokens * Self.length) { buffer, count in
            var random = SplitMix(7)
            let raw = UnsafeMutableRawBufferPointer(buffer)
            for index in 0..<tokens * Self.length { raw[index] = UInt8(truncatingIfNeeded: random.next() & 63 + 48) }
            count = tokens * Self.length
        }
        let cache = TestCache(megabytes: Double(tokens) * 0.0016 + 4, workers: 4)
        let scope = cache.scope(of: "acme")
        let inserting = time(1) { _ in
            let worker = cache.register()
            for number in 0..<tokens {
                let stamp = cache.stamp()
                withToken(number, of: memory) {
                    worker.insert(
                        CachedIdentity(number), bytes: 64, token: $0, in: scope, settingsReadAt: stamp, user: "u",
                        userReadAt: stamp, expiresAt: 9e9, now: 1000)
                }
                worker.quiesce()
            }
        }
        print("\(tokens) tokens: insertion \(Int(inserting / Double(tokens) * 1e9)) ns, \(cache.filling)")
        for threads in [1, 2] {
            let rounds = 2_000_000
            let touched = time(threads) { thread in
                var random = SplitMix(UInt64(thread))
                var sum: UInt64 = 0
                for _ in 0..<rounds {
                    withToken(random.below(tokens), of: memory) { bytes in
                        for offset in stride(from: 0, to: Self.length - 8, by: 48) {
                            sum &+= bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                        }
                    }
                }
                #expect(sum != 0)
            }
            let found = time(threads) { thread in
                let worker = cache.register()
                var random = SplitMix(UInt64(thread))
                var sum = 0
                for round in 0..<rounds {
                    withToken(random.below(tokens), of: memory) {
                        if let value = worker.find($0, in: scope, now: 1000) { sum &+= value.number }
                    }
                    if round % 16 == 0 { worker.quiesce() }
                }
                #expect(sum >= 0)
            }
            let (reading, hit) = (touched / Double(rounds) * 1e9, found / Double(rounds) * 1e9)
            print("  \(threads) threads: \(Int(hit)) ns, of which reading the token to look for: \(Int(reading)) ns")
        }
    }

    /// Seconds until all threads are done.
    private func time(_ threads: Int, _ body: @escaping @Sendable (Int) -> Void) -> Double {
        let start = DispatchTime.now().uptimeNanoseconds
        onThreads(threads, body)
        return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
    }
}

@inline(__always)
private func withToken(_ number: Int, of memory: [UInt8], _ body: (UnsafeRawBufferPointer) -> Void) {
    memory.withUnsafeBytes {
        body(UnsafeRawBufferPointer(rebasing: $0[number * HitTimes.length..<(number + 1) * HitTimes.length]))
    }
}
