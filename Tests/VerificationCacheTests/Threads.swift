import Foundation
import Synchronization

/// Runs `body` on `count` threads at once, each with its number, and waits for all.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let started = SharedCounter()
    let ended = DispatchSemaphore(value: 0)
    for number in 0..<count {
        Thread.detachNewThread {
            started.add()
            while started.count < count { sched_yield() }
            body(number)
            ended.signal()
        }
    }
    for _ in 0..<count { ended.wait() }
}

/// A counter that closures can share.
final class SharedCounter: Sendable {
    private let value = Atomic<Int>(0)

    var count: Int { value.load(ordering: .acquiring) }

    @discardableResult
    func add(_ count: Int = 1) -> Int { value.add(count, ordering: .acquiringAndReleasing).newValue }

    func raise(to count: Int) { value.max(count, ordering: .acquiringAndReleasing) }
}

/// How much longer than usual the races are run: `WIDGET_STRESS=20 swift test -c release`.
let stressFactor = Int(ProcessInfo.processInfo.environment["WIDGET_STRESS"] ?? "") ?? 1

/// Random numbers that are the same in each run.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// A number in 0..<`bound`.
    mutating func below(_ bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }
}
