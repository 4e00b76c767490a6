/// A secret key, random in each process, and the digests of texts under it.
///
/// Two stages, both of which are proven, whatever the texts are:
///
/// 1. **NH** (Black, Halevi, Krawczyk, Krovetz, Rogaway, "UMAC: Fast and Secure Message Authentication", CRYPTO '99,
///    section 4) with words of 64 bits: the sum, modulo 2^128, of (m[2i] + k[2i]) · (m[2i+1] + k[2i+1]), the inner sums
///    modulo 2^64. Two different texts of one length collide with a probability of at most 2^-64 (theorem 1). A second
///    pass over the same key, two words further on, is as good as an independent one: 2^-128 for both (theorem 2,
///    Toeplitz).
/// 2. **Multilinear** (Lemire and Kaser, "Strongly universal string hashing is fast", The Computer Journal 57, 2014,
///    theorem 1): the four words of those sums become twice the upper 64 bits of a₀ + Σ aᵢ·xᵢ modulo 2^128, with random
///    aᵢ of 128 bits. Each half is strongly universal on 64 bits and has a key of its own: 2^-128 again.
///
/// Together at most 2^-127. The last two words are filled up with zeros, so that texts of different lengths may collide:
/// whoever compares digests compares lengths too. The second stage also spreads digests evenly, whatever the texts, so
/// that their bits say where to look.
///
/// Refers to memory that the store owns and frees, so that each worker has a copy without counting references.
struct DigestKey: @unchecked Sendable {
    /// The longest text that can be digested, in bytes.
    static let longestText = 8192
    /// Of NH's key, how far the second pass is ahead.
    private static let shift = 2
    /// The length of the whole key in words of 64 bits: NH's, then five multipliers of 128 bits for either half.
    static let wordCount = longestText / 8 + shift + 2 * 5 * 2

    private let words: UnsafeMutablePointer<UInt64>

    /// A new key from the system's generator.
    init() {
        var generator = SystemRandomNumberGenerator()
        self.init { generator.next() }
    }

    /// A key of `wordCount` words, in order.
    init(_ next: () -> UInt64) {
        words = .allocate(capacity: Self.wordCount)
        for index in 0..<Self.wordCount { (words + index).initialize(to: next()) }
    }

    /// Wipes and frees the key: nobody may use it any more.
    func deallocate() {
        words.update(repeating: 0, count: Self.wordCount)
        words.deallocate()
    }

    /// The digest of a text of at most `longestText` bytes.
    @inline(__always)
    func callAsFunction(_ text: UnsafeRawBufferPointer) -> TokenDigest {
        precondition(text.count <= Self.longestText)
        var sums = Sums()
        guard let start = text.baseAddress else { return finish(sums) }
        let whole = text.count & ~15
        var offset = 0
        var key = UnsafePointer(words)
        while offset < whole {
            sums.add(Self.word(start, offset), Self.word(start, offset + 8), key)
            offset += 16
            key += 2
        }
        let rest = text.count & 15
        if rest > 0 {
            let (first, second) = Self.last(start, text.count, rest)
            sums.add(first, second, key)
        }
        return finish(sums)
    }

    /// The sums of NH's two passes.
    private struct Sums {
        var first: UInt128 = 0
        var second: UInt128 = 0

        @inline(__always)
        mutating func add(_ left: UInt64, _ right: UInt64, _ key: UnsafePointer<UInt64>) {
            first &+= UInt128(left &+ key[0]) &* UInt128(right &+ key[1])
            second &+= UInt128(left &+ key[DigestKey.shift]) &* UInt128(right &+ key[DigestKey.shift + 1])
        }
    }

    /// The last `rest` bytes of a text of `count`, and zeros.
    @inline(__always)
    private static func last(_ start: UnsafeRawPointer, _ count: Int, _ rest: Int) -> (UInt64, UInt64) {
        var bits: UInt128 = 0
        if count >= 16 {
            // The last sixteen bytes; what has been read before is shifted out.
            bits = UInt128(word(start, count - 8)) &<< 64 | UInt128(word(start, count - 16))
            bits &>>= UInt128(truncatingIfNeeded: (16 - rest) * 8)
        } else {
            for index in 0..<rest {
                let byte = start.load(fromByteOffset: index, as: UInt8.self)
                bits |= UInt128(byte) &<< UInt128(truncatingIfNeeded: index * 8)
            }
        }
        return (UInt64(truncatingIfNeeded: bits), UInt64(truncatingIfNeeded: bits &>> 64))
    }

    @inline(__always)
    private static func word(_ start: UnsafeRawPointer, _ offset: Int) -> UInt64 {
        UInt64(littleEndian: start.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inline(__always)
    private func finish(_ sums: Sums) -> TokenDigest {
        let key = UnsafePointer(words) + (Self.longestText / 8 + Self.shift)
        return TokenDigest(low: Self.fold(sums, key), high: Self.fold(sums, key + 10))
    }

    @inline(__always)
    private static func fold(_ sums: Sums, _ key: UnsafePointer<UInt64>) -> UInt64 {
        var sum = multiplier(key, 0)
        sum &+= multiplier(key, 1) &* UInt128(UInt64(truncatingIfNeeded: sums.first))
        sum &+= multiplier(key, 2) &* UInt128(UInt64(truncatingIfNeeded: sums.first &>> 64))
        sum &+= multiplier(key, 3) &* UInt128(UInt64(truncatingIfNeeded: sums.second))
        sum &+= multiplier(key, 4) &* UInt128(UInt64(truncatingIfNeeded: sums.second &>> 64))
        return UInt64(truncatingIfNeeded: sum &>> 64)
    }

    /// The lower word first.
    @inline(__always)
    private static func multiplier(_ key: UnsafePointer<UInt64>, _ index: Int) -> UInt128 {
        UInt128(key[index * 2 + 1]) &<< 64 | UInt128(key[index * 2])
    }
}
