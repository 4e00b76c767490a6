import Synchronization

/// How often tokens of each set were missed lately: 112 counters of four bits a set, in one cache line with a count of
/// the set's insertions.
///
/// A token has two counters, by its tag; the lower one is believed. After `agingPeriod` insertions all are halved, and
/// so are the scores of the set's entries, so that what was popular once doesn't stay for ever. All accesses are
/// relaxed: a lost count makes the guess a little worse, and nothing else depends on it.
struct FrequencySketch {
    static let wordsPerSet = 8
    static let agingPeriod: UInt64 = 96
    private static let counters = 112

    private let words: UnsafeMutablePointer<Atomic<UInt64>>

    init(set: Int, in words: UnsafeMutablePointer<Atomic<UInt64>>) {
        self.words = words + set * Self.wordsPerSet
    }

    /// The number of this insertion in its set, and whether it is time to halve.
    func countInsertion() -> (number: UInt64, ages: Bool) {
        let number = words[0].load(ordering: .relaxed) &+ 1
        words[0].store(number, ordering: .relaxed)
        return (number, number % Self.agingPeriod == 0)
    }

    /// Counts a miss of the token with this tag; how many there were lately, this one included, at most 15.
    func countMiss(_ tag: UInt16) -> Int {
        let (first, second) = Self.counters(of: tag)
        let count = min(value(first), value(second)) + 1
        raise(first, to: count)
        raise(second, to: count)
        return min(count, 15)
    }

    /// Remembers how popular an entry was that has to go.
    func remember(_ tag: UInt16, score: Int) {
        let (first, second) = Self.counters(of: tag)
        raise(first, to: score)
        raise(second, to: score)
    }

    func halve() {
        for index in 1..<Self.wordsPerSet {
            let word = words[index].load(ordering: .relaxed)
            words[index].store(word >> 1 & 0x7777_7777_7777_7777, ordering: .relaxed)
        }
    }

    private func value(_ counter: Int) -> Int {
        Int(words[1 + counter / 16].load(ordering: .relaxed) >> UInt64(counter % 16 * 4) & 15)
    }

    private func raise(_ counter: Int, to count: Int) {
        guard value(counter) < min(count, 15) else { return }
        let shift = UInt64(counter % 16 * 4)
        let index = 1 + counter / 16
        let word = words[index].load(ordering: .relaxed) & ~(15 << shift)
        words[index].store(word | UInt64(min(count, 15)) << shift, ordering: .relaxed)
    }

    /// Two different counters for a tag.
    private static func counters(of tag: UInt16) -> (Int, Int) {
        let mixed = UInt64(tag) &* 0x9E37_79B9_7F4A_7C15
        let first = Int((mixed >> 32) % UInt64(counters))
        let step = 1 + Int((mixed >> 16 & 0xFFFF) % UInt64(counters - 1))
        return (first, (first + step) % counters)
    }
}
