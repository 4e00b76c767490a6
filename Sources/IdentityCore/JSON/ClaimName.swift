/// The name of a claim that we know, ready to be looked up.
struct ClaimName {
    let name: StaticName
    let hash: UInt32
    private let bytes: UnsafePointer<UInt8>
    private let count: Int
    /// The first eight bytes, or all and zeros.
    private let head: UInt64
    /// The last eight bytes, where there are so many.
    private let tail: UInt64

    init(_ text: StaticString) {
        name = StaticName(stringLiteral: text)
        bytes = text.utf8Start
        count = text.utf8CodeUnitCount
        // Readers take eight bytes at a time, and a literal has no room after its end.
        (hash, head, tail) = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count + 8) { copy in
            copy.initialize(repeating: 0)
            guard let start = copy.baseAddress else { return (0, 0, 0) }
            start.update(from: text.utf8Start, count: text.utf8CodeUnitCount)
            return (
                NameHash.of(start, count: text.utf8CodeUnitCount, object: 0, seed: NameHash.seed),
                ClaimName.word(start), ClaimName.word(start + max(0, text.utf8CodeUnitCount - 8))
            )
        }
    }

    /// Whether `length` bytes are this name; up to seven more may be read, and don't matter.
    @inline(__always)
    func equals(_ text: UnsafePointer<UInt8>, _ length: Int) -> Bool {
        guard length == count else { return false }
        guard count >= 8 else {
            return (ClaimName.word(text) ^ head) & ((1 &<< (UInt64(truncatingIfNeeded: count) &* 8)) &- 1) == 0
        }
        guard ClaimName.word(text) == head, ClaimName.word(text + (count - 8)) == tail else { return false }
        // Beyond sixteen there is a middle.
        var index = 8
        while index < count - 8 {
            guard text[index] == bytes[index] else { return false }
            index += 1
        }
        return true
    }

    @inline(__always)
    private static func word(_ text: UnsafePointer<UInt8>) -> UInt64 {
        UnsafeRawPointer(text).loadUnaligned(as: UInt64.self).littleEndian
    }
}

/// A hash of member names that a client can't aim at: its seed is new in every process.
enum NameHash {
    static let seed = UInt64.random(in: .min ... .max)

    /// Hashes `count` bytes; up to seven more may be read, and don't matter.
    @inline(__always)
    static func of(_ text: UnsafePointer<UInt8>, count: Int, object: UInt16, seed: UInt64) -> UInt32 {
        var state = seed ^ (UInt64(truncatingIfNeeded: count) &<< 16 | UInt64(object))
        var position = 0
        while position < count {
            var word = UnsafeRawPointer(text + position).loadUnaligned(as: UInt64.self).littleEndian
            let rest = count - position
            if rest < 8 { word &= (1 &<< (UInt64(rest) &* 8)) &- 1 }
            state = mix(state ^ word)
            position += 8
        }
        return UInt32(truncatingIfNeeded: mix(state))
    }

    @inline(__always)
    private static func mix(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return product.high ^ product.low
    }
}
