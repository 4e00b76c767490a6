/// Which texts may stand in a header as they are.
enum HeaderFitness {
    /// Whether a text of valid UTF-8 reaches the upstream unchanged and harmless: no control characters (C0, DEL,
    /// C1), and no space at either end, where HTTP would cut it off and make it another value.
    static func isFit(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let start = text.baseAddress?.assumingMemoryBound(to: UInt8.self), !text.isEmpty else { return false }
        guard start[0] != 0x20, start[text.count - 1] != 0x20 else { return false }
        var first = 0
        while first + 8 <= text.count, isPlain(text.loadUnaligned(fromByteOffset: first, as: UInt64.self)) {
            first += 8
        }
        var previous: UInt8 = 0
        for index in first..<text.count {
            let byte = start[index]
            if byte < 0x20 || byte == 0x7F { return false }
            // C1 is U+0080 to U+009F: C2 80 to C2 9F.
            if previous == 0xC2, byte < 0xA0 { return false }
            previous = byte
        }
        return true
    }

    /// Whether eight bytes are ASCII that is no control character.
    @inline(__always)
    private static func isPlain(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let low = ones &* 0x7F
        let ascii = word & low
        return (ascii &+ ones &* 0x60) & ((ascii ^ low) &+ low) & ~word & ~low == ~low
    }
}
