import Synchronization

/// When memory that was taken out of the table may be freed: epochs, with a worker's loop turn as its quiescent point.
///
/// Each worker has a line with the epoch that it saw at its last quiescent point, or `offline`. The global epoch goes
/// from *e* to *e*+1 only when all workers that are online have seen *e*. A node that a worker takes out while its own
/// line says *t* may be freed when the global epoch is *t*+3. Why that is enough, whatever the processor reorders:
///
/// 1. The worker that took the node out passes a quiescent point, and so stores *t*+1 or more into its line
///    (releasing), only after taking it out. The step from *t*+1 to *t*+2 was made by somebody who had read that line
///    (acquiring). So whoever reads a global epoch of *t*+2 or more (acquiring) also sees that the node is gone.
/// 2. A reader whose line says *l* read *l* as the global epoch, at a moment after which it holds only what it has found
///    since. What it can still find was, by 1, taken out under *t* ≥ *l*−1.
/// 3. While its line says *l*, the global epoch can't go past *l*+1, which is less than *t*+3.
/// 4. The reader's last look at the node precedes its next store of its line (releasing), which was read by whoever made
///    a step (acquiring and releasing), which precedes the load of the epoch by which the node is freed (acquiring). So
///    the look comes before the freeing.
///
/// **Coming online** is the one case where a load must not overtake a store: the line must be visible before the first
/// slot is read. Instead of a fence, the worker marks its line, then adds nothing to the global epoch by an acquiring and
/// releasing exchange, and only then reads slots. Let that exchange read *v*. A step from *v* to *v*+1 may be made by
/// someone who hasn't seen the line. But that step, being an exchange itself, comes after the worker's in the order of
/// the global epoch, and so whoever reads *v*+1 also sees the line, and doesn't step to *v*+2 until the worker has seen
/// *v*+1. That is 3 again, with *l* = *v*.
final class Epochs: @unchecked Sendable {
    static let offline: UInt64 = 0
    /// The line of a worker that is coming online: no epoch is ever this.
    private static let arriving: UInt64 = 1
    private static let first: UInt64 = 8
    /// How far the global epoch must be from that of the retirement.
    static let grace: UInt64 = 3
    /// Two lines of 64 bytes: neighbours are fetched in pairs.
    private static let stride = 16

    let capacity: Int
    private let global = Atomic<UInt64>(first)
    private let lines: UnsafeMutablePointer<Atomic<UInt64>>
    /// Workers have lines below this.
    private let used = Atomic<Int>(0)

    init(capacity: Int) {
        self.capacity = capacity
        lines = .allocate(capacity: capacity * Self.stride)
        for index in 0..<capacity * Self.stride { (lines + index).initialize(to: Atomic(Self.offline)) }
    }

    deinit {
        lines.deinitialize(count: capacity * Self.stride)
        lines.deallocate()
    }

    /// A line that nobody has, still offline; nil where all are taken.
    func claimLine() -> Int? {
        for line in 0..<capacity {
            let claimed = lines[line * Self.stride + 1].compareExchange(
                expected: 0, desired: 1, ordering: .acquiringAndReleasing
            ).exchanged
            guard claimed else { continue }
            // Before the worker comes online, whose exchange makes it known together with the line.
            used.max(line + 1, ordering: .releasing)
            return line
        }
        return nil
    }

    /// Gives an offline line back.
    func returnLine(_ line: Int) { lines[line * Self.stride + 1].store(0, ordering: .releasing) }

    /// From now on nothing is freed that this worker finds. The epoch that its line says.
    func goOnline(_ line: Int) -> UInt64 {
        lines[line * Self.stride].store(Self.arriving, ordering: .releasing)
        let epoch = global.add(0, ordering: .acquiringAndReleasing).newValue
        lines[line * Self.stride].store(epoch, ordering: .releasing)
        return epoch
    }

    /// This worker holds nothing and will look for nothing until it comes online.
    func goOffline(_ line: Int) { lines[line * Self.stride].store(Self.offline, ordering: .releasing) }

    /// This worker holds nothing that it found earlier. The epoch that its line says from now on.
    func passQuiescentPoint(_ line: Int, known: UInt64) -> UInt64 {
        let epoch = global.load(ordering: .acquiring)
        if epoch != known { lines[line * Self.stride].store(epoch, ordering: .releasing) }
        return epoch
    }

    /// Takes the next step if all workers that are online allow it. The global epoch then.
    func advance() -> UInt64 {
        let epoch = global.load(ordering: .acquiring)
        for line in 0..<used.load(ordering: .acquiring) {
            let seen = lines[line * Self.stride].load(ordering: .acquiring)
            guard seen == Self.offline || seen == epoch else { return epoch }
        }
        let (done, found) = global.compareExchange(
            expected: epoch, desired: epoch + 1, ordering: .acquiringAndReleasing)
        return done ? epoch + 1 : found
    }
}
