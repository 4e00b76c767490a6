import Testing

@testable import VerificationCache

@Suite struct TokenHashTests {
    let hash = TokenHash(
        keys: (0x1234_5678_9ABC_DEF1, 0xFEDC_BA98_7654_3211, 0x0F1E_2D3C_4B5A_6979, 0xA5A5_1B1B_C3C3_2D2D))

    func hash(of bytes: [UInt8], seed: UInt64 = 0) -> UInt64 { bytes.withUnsafeBytes { hash($0, seed: seed) } }

    @Test func `every byte counts, at every length`() {
        for length in 1...200 {
            let bytes = [UInt8](repeating: 0x41, count: length)
            var seen: Set<UInt64> = [hash(of: bytes)]
            for index in 0..<length {
                var changed = bytes
                changed[index] ^= 0x20
                seen.insert(hash(of: changed))
            }
            #expect(seen.count == length + 1)
        }
    }

    @Test func `lengths of the same byte differ`() {
        #expect(Set((0..<300).map { hash(of: [UInt8](repeating: 0, count: $0)) }).count == 300)
    }

    @Test func `seed and keys count`() {
        let bytes = tokenBytes(1)
        let other = TokenHash(keys: (1, 2, 3, 4))
        #expect(hash(of: bytes) != hash(of: bytes, seed: 1))
        #expect(hash(of: bytes) != bytes.withUnsafeBytes { other($0) })
    }

    @Test func `tokens that are almost the same spread over sets and tags`() {
        let table = SlotTable(sets: 1024)
        defer { table.deallocate() }
        var sets = [Int](repeating: 0, count: 1024)
        var tags = Set<UInt16>()
        for number in 0..<32_768 {
            let value = hash(of: tokenBytes(number))
            sets[table.set(ofHash: value)] += 1
            tags.insert(SlotTable.tag(ofHash: value))
        }
        #expect(sets.allSatisfy { (5...70).contains($0) })
        // Of 65 536 tags, about 65 536 × (1 − 1/e^½) are taken.
        #expect((25_000...26_600).contains(tags.count))
    }
}
