import Testing

@testable import VerificationCache

/// Digests under fixed keys: that they are what the papers say, and that texts that are almost the same have others.
@Suite struct TokenDigestTests {
    final class FixedKey: Sendable {
        let key: DigestKey

        init(seed: UInt64) {
            var random = SplitMix(seed)
            key = DigestKey { random.next() }
        }

        deinit { key.deallocate() }

        func callAsFunction(_ text: [UInt8]) -> TokenDigest { text.withUnsafeBytes { key($0) } }
    }

    let digest = FixedKey(seed: 99)

    static func text(seed: UInt64, length: Int) -> [UInt8] {
        var random = SplitMix(seed)
        return (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    @Test func `digests are those of an independent implementation`() {
        #expect(tokenDigestVectors.count == 40)
        for vector in tokenDigestVectors {
            let found = FixedKey(seed: vector.keySeed)(Self.text(seed: vector.textSeed, length: vector.length))
            #expect(found == TokenDigest(low: vector.low, high: vector.high), "\(vector)")
        }
    }

    @Test(arguments: [1, 2, 8, 15, 16, 17, 33, 350, 1023, 8191, 8192])
    func `every bit counts, in either half`(length: Int) {
        var text = Self.text(seed: 5, length: length)
        var low: Set<UInt64> = []
        var high: Set<UInt64> = []
        // All bits of short texts, those of some bytes of long ones.
        let step = max(1, length / 256)
        var count = 1
        insert(text)
        for index in Array(stride(from: 0, to: length, by: step)) + [length - 1] {
            if index == length - 1, index % step == 0, count > 1 + index / step * 8 { continue }
            for bit in 0..<8 {
                text[index] ^= 1 << bit
                insert(text)
                text[index] ^= 1 << bit
                count += 1
            }
        }
        #expect(low.count == count && high.count == count)

        func insert(_ text: [UInt8]) {
            low.insert(digest(text).low)
            high.insert(digest(text).high)
        }
    }

    @Test func `a changed word, swapped words and moved bytes are other texts`() {
        var random = SplitMix(17)
        for round in 0..<2000 {
            let length = 32 + random.below(400)
            let text = Self.text(seed: UInt64(round), length: length)
            let found = digest(text)
            var changed = text
            let place = random.below(length)
            changed[place] &+= UInt8(1 + random.below(255))
            #expect(digest(changed) != found)
            var swapped = text
            let (one, other) = (random.below(length / 8) * 8, random.below(length / 8) * 8)
            for index in 0..<8 { swapped.swapAt(one + index, other + index) }
            #expect(one == other || digest(swapped) != found)
            #expect(digest(Array(text.dropFirst()) + [text[0]]) != found)
        }
    }

    @Test func `texts that differ in trailing zeros alone have lengths to tell them apart`() {
        let text = [UInt8](repeating: 0x61, count: 17)
        // Filled up to whole words, these are the same: who compares digests must compare lengths.
        #expect(digest(text) == digest(text + [0]))
        #expect(digest(text + [0]) != digest(text + [1]))
    }

    @Test func `the key counts`() {
        let text = tokenBytes(1)
        #expect(digest(text) != FixedKey(seed: 100)(text))
        let (one, other) = (DigestKey(), DigestKey())
        defer {
            one.deallocate()
            other.deallocate()
        }
        #expect(text.withUnsafeBytes { one($0) } != text.withUnsafeBytes { other($0) })
    }

    @Test func `a digest depends on nothing around the text`() {
        let text = Self.text(seed: 8, length: 61)
        for shift in 0..<16 {
            let around = [UInt8](repeating: UInt8(shift), count: shift) + text + [UInt8](repeating: 0xFF, count: 16)
            let found = around.withUnsafeBytes { digest.key(UnsafeRawBufferPointer(rebasing: $0[shift..<shift + 61])) }
            #expect(found == digest(text))
        }
    }

    @Test func `tokens that are almost the same spread over sets and tags`() {
        let table = SlotTable(sets: 1024)
        defer { table.deallocate() }
        var sets = [Int](repeating: 0, count: 1024)
        var tags = Set<UInt16>()
        for number in 0..<32_768 {
            let found = digest(tokenBytes(number))
            sets[table.set(of: found)] += 1
            tags.insert(SlotTable.tag(of: found))
        }
        #expect(sets.allSatisfy { (5...70).contains($0) })
        // If they were random, 65 536 × (1 − 1/e^½) = 25 787 tags would be taken. Universal hashing promises so for pairs.
        #expect((24_000...27_500).contains(tags.count))
    }
}
