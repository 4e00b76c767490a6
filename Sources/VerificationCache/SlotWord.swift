/// What stands in a slot of the table: where the node is, sixteen bits of its token's hash, and how often it was hit.
///
///     63            48 47                          4 3     0
///     | tag          | node's address (16-aligned) | score |
///
/// All zero: the slot is free. A word is only ever exchanged as a whole, so tag, node and score always belong together.
struct SlotWord: Equatable {
    let bits: UInt64

    static let empty = SlotWord(bits: 0)
    static let highestScore = 15
    private static let addressBits: UInt64 = 0x0000_FFFF_FFFF_FFF0

    @inline(__always)
    init(bits: UInt64) { self.bits = bits }

    /// Nil where the address has bits beyond the 48 that user space has on x86-64 and on AArch64.
    init?(_ node: CacheNode, tag: UInt16, score: Int) {
        let address = UInt64(UInt(bitPattern: node.address))
        guard address & ~Self.addressBits == 0 else { return nil }
        bits = UInt64(tag) << 48 | address | UInt64(min(score, Self.highestScore))
    }

    @inline(__always)
    var tag: UInt16 { UInt16(truncatingIfNeeded: bits >> 48) }

    @inline(__always)
    var score: Int { Int(bits & 15) }

    @inline(__always)
    var node: CacheNode? {
        UnsafeMutableRawPointer(bitPattern: UInt(bits & Self.addressBits)).map(CacheNode.init)
    }

    @inline(__always)
    func with(score: Int) -> SlotWord { SlotWord(bits: bits & ~15 | UInt64(score)) }
}
