import EventLoop
import Glibc
import Synchronization

/// Looks at the memory in use, on a thread of its own: however busy workers and storage are.
final class MemoryWatch: @unchecked Sendable {  // `start` hands it over to its thread, but for what is locked.
    private let shared = Mutex(MemoryStanding())
    /// What takes the place of `meter` at the next look.
    private let nextMeter = Mutex<WorkerBound<MemoryMeter>?>(nil)
    private let isStopped = Atomic(false)
    private let changed: @Sendable (MemoryLevel, MemoryStanding) -> Void
    private var meter: MemoryMeter
    private var pressure = MemoryPressure()
    /// Milliseconds until what the heap keeps in stock is given back again, and between two of these.
    private var trimIn = 0
    private var trimPause = MemoryWatch.shortestPause

    /// Between two looks, in milliseconds: what comes in meanwhile may be too much.
    private static let pause = 250
    private static let shortPause = 25
    /// The part of the limit from which on looks are that frequent.
    private static let watchfulFrom = 0.5
    private static let shortestPause = 2000
    private static let longestPause = 60_000
    /// Giving back less than this wasn't worth looking through the whole heap.
    private static let worthwhile = 1 << 20

    /// - Parameter changed: called on the watch's thread when memory gets short, shorter or ample again.
    init(_ meter: MemoryMeter, changed: @escaping @Sendable (MemoryLevel, MemoryStanding) -> Void) {
        self.meter = meter
        self.changed = changed
        let standing = MemoryStanding(usedBytes: self.meter.usedBytes() ?? 0, limit: meter.limit)
        shared.withLock { $0 = standing }
    }

    /// What was found when last looked at.
    var standing: MemoryStanding { shared.withLock { $0 } }

    func start() {
        WorkerThread.start(named: "memory") { [self] in
            var sinceSockets = 0
            while !isStopped.load(ordering: .relaxed) {
                let pause = isWatchful ? Self.shortPause : Self.pause
                usleep(UInt32(pause * 1000))
                if let next = nextMeter.withLock({ $0.take() }) { meter = next.value }
                // The kernel may have to add up a lot for these.
                sinceSockets += pause
                look(after: pause, countsSockets: sinceSockets >= Self.pause)
                if sinceSockets >= Self.pause { sinceSockets = 0 }
            }
        }
    }

    func stop() { isStopped.store(true, ordering: .relaxed) }

    /// Goes by another limit from now on.
    func use(_ meter: MemoryMeter) {
        let bound = WorkerBound(meter)
        nextMeter.withLock { $0 = bound }
    }

    private var isWatchful: Bool {
        let standing = standing
        return standing.limit.map { Double(standing.usedBytes) >= Self.watchfulFrom * Double($0) } ?? false
    }

    private func look(after pause: Int, countsSockets: Bool) {
        guard let used = meter.usedBytes(countingSockets: countsSockets) else { return }
        let isChanged = pressure.measured(used, of: meter.limit)
        let standing = MemoryStanding(level: pressure.level, usedBytes: used, limit: meter.limit)
        shared.withLock { $0 = standing }
        if isChanged {
            trimIn = 0
            trimPause = Self.shortestPause
            changed(pressure.level, standing)
        }
        if pressure.level != .ample { trim(used, after: pause) }
    }

    /// Has the heap give back pages that nothing is on: by itself it keeps them. That takes the heap's locks, and so isn't
    /// done often, the less so the less comes of it.
    private func trim(_ used: Int, after pause: Int) {
        trimIn -= pause
        guard trimIn <= 0 else { return }
        ProcessHeap.trim()
        let freed = used - (meter.usedBytes(countingSockets: false) ?? used)
        trimPause = freed >= Self.worthwhile ? Self.shortestPause : min(2 * trimPause, Self.longestPause)
        trimIn = trimPause
    }
}

/// How it stands with memory.
struct MemoryStanding: Sendable {
    var level = MemoryLevel.ample
    var usedBytes = 0
    /// Nil: there is none.
    var limit: Int?
}
