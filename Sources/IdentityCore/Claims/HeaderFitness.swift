/// Which texts may stand in a header as they are.
enum HeaderFitness {
    /// Whether a text of valid UTF-8 reaches the upstream unchanged and harmless: no control characters (C0, DEL,
    /// C1), and no space at either end, where HTTP would cut it off and make it another value.
    static func isFit(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let start = text.baseAddress?.assumingMemoryBound(to: UInt8.self), !text.isEmpty else { return false }
        guard start[0] != 0x20, start[text.count - 1] != 0x20 else { return false }
        var previous: UInt8 = 0
        for index in 0..<text.count {
            let byte = start[index]
            if byte < 0x20 || byte == 0x7F { return false }
            // C1 is U+0080 to U+009F: C2 80 to C2 9F.
            if previous == 0xC2, byte < 0xA0 { return false }
            previous = byte
        }
        return true
    }
}
