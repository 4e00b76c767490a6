import Glibc
import Synchronization

/// The sets: eight slots of a cache line each, and beside them what is known of how popular tokens are.
///
/// Who may do what: anybody reads any slot, and exchanges a slot's word for another one. Whoever exchanged a word with
/// a node for one without it, or with another, owns the old node: it is that worker's to retire, and nobody else's.
///
/// Memory orders. A node is published by a releasing exchange and found by an acquiring load: its bytes, written before
/// the exchange, are there for whoever finds it. Exchanges that only change the score are relaxed: they continue the
/// release sequence that the publication heads, so an acquiring load that reads their word still synchronizes with the
/// publication. Taking a node out is acquiring (its head is read next, for the accounting) and releasing.
///
/// A struct of pointers, of which each worker has a copy: looking into an object that all share would count references
/// to it, and so cost more than the rest of a hit. The store frees it.
struct SlotTable: @unchecked Sendable {
    static let ways = 8
    static let bytesPerSet = (ways + FrequencySketch.wordsPerSet) * 8

    let sets: Int
    private let slots: UnsafeMutablePointer<Atomic<UInt64>>
    private let sketches: UnsafeMutablePointer<Atomic<UInt64>>

    init(sets: Int) {
        self.sets = sets
        slots = Self.zeroedLines(sets * Self.ways)
        sketches = Self.zeroedLines(sets * FrequencySketch.wordsPerSet)
    }

    /// Frees the table and the nodes that are still in it: nobody may use it any more.
    func deallocate() {
        for index in 0..<sets * Self.ways {
            SlotWord(bits: slots[index].load(ordering: .acquiring)).node?.free()
        }
        UnsafeMutableRawPointer(slots).deallocate()
        UnsafeMutableRawPointer(sketches).deallocate()
    }

    @inline(__always)
    func set(of digest: TokenDigest) -> Int { Int(digest.low.multipliedFullWidth(by: UInt64(sets)).high) }

    @inline(__always)
    static func tag(of digest: TokenDigest) -> UInt16 { UInt16(truncatingIfNeeded: digest.high) }

    @inline(__always)
    func word(_ set: Int, _ way: Int) -> SlotWord {
        SlotWord(bits: slots[set * Self.ways + way].load(ordering: .acquiring))
    }

    /// Raises an entry's score after a hit. Popular entries are at the top already, and cost no write.
    @inline(__always)
    func countHit(_ set: Int, _ way: Int, _ word: SlotWord) {
        guard word.score < SlotWord.highestScore else { return }
        _ = slots[set * Self.ways + way].weakCompareExchange(
            expected: word.bits, desired: word.bits + 1, ordering: .relaxed)
    }

    /// Puts `next` where `word` was. False where somebody else was faster.
    func exchange(_ set: Int, _ way: Int, _ word: SlotWord, for next: SlotWord) -> Bool {
        slots[set * Self.ways + way].compareExchange(
            expected: word.bits, desired: next.bits, ordering: .acquiringAndReleasing
        ).exchanged
    }

    func sketch(_ set: Int) -> FrequencySketch { FrequencySketch(set: set, in: sketches) }

    /// Halves a set's counters and scores.
    func age(_ set: Int) {
        sketch(set).halve()
        for way in 0..<Self.ways {
            let word = word(set, way)
            guard word.score > 0 else { continue }
            _ = slots[set * Self.ways + way].compareExchange(
                expected: word.bits, desired: word.with(score: word.score / 2).bits, ordering: .relaxed)
        }
    }

    /// Zeroes that begin at a cache line.
    private static func zeroedLines(_ count: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
        let hugePage = 1 << 21
        let bytes = count * 8
        let isLarge = bytes >= 4 * hugePage
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: isLarge ? hugePage : 64)
        // Each look goes to another page: with pages of 4 KiB it would wait for the address's translation too.
        if isLarge { madvise(memory, bytes, MADV_HUGEPAGE) }
        let words = memory.bindMemory(to: Atomic<UInt64>.self, capacity: count)
        for index in 0..<count { (words + index).initialize(to: Atomic(0)) }
        return words
    }
}
