/// How many different things were seen: exactly while they are few, then estimated (HyperLogLog), in bounded memory.
///
/// Counts of parts merge into the count of the whole, whatever they have in common. Hashes are the same on every worker,
/// in every process and release, since counts are stored.
package struct DistinctCount: Sendable, Equatable {
    /// Up to so many it is exact.
    package static let exactLimit = 128
    /// 2 to this power registers: a standard error of 1.04 / √2048, 2.3 %.
    private static let indexBits = 11
    private static let registerCount = 1 << indexBits

    /// Sorted; empty once there are registers.
    private var hashes: [UInt64] = []
    private var registers: [UInt8] = []

    package init() {}

    /// What `bytes` made of another count; nil where it wasn't one.
    package init?(bytes: [UInt8]) {
        guard let kind = bytes.first else { return }
        switch kind {
        case 0 where (bytes.count - 1) % 8 == 0 && bytes.count / 8 <= Self.exactLimit:
            for start in stride(from: 1, to: bytes.count, by: 8) {
                insert(bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) })
            }
        case 1 where bytes.count == 1 + Self.registerCount:
            registers = Array(bytes.dropFirst())
        default: return nil
        }
    }

    /// For storage; at most 2 049 bytes.
    package var bytes: [UInt8] {
        guard registers.isEmpty else { return [1] + registers }
        return hashes.isEmpty
            ? [] : [0] + hashes.flatMap { hash in (0..<8).map { UInt8(truncatingIfNeeded: hash >> (56 - $0 * 8)) } }
    }

    package var isExact: Bool { registers.isEmpty }

    /// The number, or the estimate.
    package var count: Int {
        guard !registers.isEmpty else { return hashes.count }
        let size = Double(Self.registerCount)
        var sum = 0.0
        var zeros = 0
        for register in registers {
            sum += 1 / Double(UInt64(1) << UInt64(min(register, 60)))
            if register == 0 { zeros += 1 }
        }
        let raw = 0.7213 / (1 + 1.079 / size) * size * size / sum
        // Few for so many registers: by the empty ones, which is closer (Flajolet et al. 2007).
        guard raw <= 2.5 * size, zeros > 0 else { return Int(raw.rounded()) }
        return Int((size * Self.logarithm(size / Double(zeros))).rounded())
    }

    package mutating func insert(_ bytes: some Sequence<UInt8>) { insert(Self.hash(bytes)) }

    package mutating func merge(_ other: DistinctCount) {
        guard other.registers.isEmpty else {
            makeRegisters()
            for index in registers.indices { registers[index] = max(registers[index], other.registers[index]) }
            return
        }
        for hash in other.hashes { insert(hash) }
    }

    /// A hash whose bits all depend on all bytes: FNV-1a, then the finalizer of SplitMix64.
    package static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        hash = (hash ^ hash >> 30) &* 0xBF58_476D_1CE4_E5B9
        hash = (hash ^ hash >> 27) &* 0x94D0_49BB_1331_11EB
        return hash ^ hash >> 31
    }

    /// Adds what has this hash.
    package mutating func insert(_ hash: UInt64) {
        guard registers.isEmpty else { return register(hash) }
        var low = 0
        var high = hashes.count
        while low < high {
            let middle = (low + high) / 2
            if hashes[middle] < hash { low = middle + 1 } else { high = middle }
        }
        if low < hashes.count, hashes[low] == hash { return }
        hashes.insert(hash, at: low)
        if hashes.count > Self.exactLimit { makeRegisters() }
    }

    private mutating func makeRegisters() {
        guard registers.isEmpty else { return }
        registers = [UInt8](repeating: 0, count: Self.registerCount)
        let known = hashes
        hashes = []
        for hash in known { register(hash) }
    }

    private mutating func register(_ hash: UInt64) {
        let index = Int(hash >> (64 - Self.indexBits))
        let rank = UInt8((hash << Self.indexBits | 1 << (Self.indexBits - 1)).leadingZeroBitCount + 1)
        registers[index] = max(registers[index], rank)
    }

    /// The natural logarithm of a number above 1, without a library: by squaring, to about 12 digits.
    private static func logarithm(_ value: Double) -> Double {
        let exponent = Double(value.exponent)
        // ln m = 2 artanh((m − 1)/(m + 1)), with m from 1 to 2.
        let ratio = (value.significand - 1) / (value.significand + 1)
        var power = ratio
        var sum = 0.0
        for term in stride(from: 1.0, to: 40, by: 2) {
            sum += power / term
            power *= ratio * ratio
        }
        return exponent * 0.693_147_180_559_945_3 + 2 * sum
    }
}
