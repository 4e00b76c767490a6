extension Base64URL {
    /// Decodes `text` into `output` and returns the number of bytes, or nil where `text` is anything but the one
    /// canonical spelling: padding, white space, the `+` and `/` of plain base64, a length of 4n + 1, or stray bits
    /// in the last character. Two spellings of one value would be two tokens with one signature.
    ///
    /// `output` must have room for three bytes for every four characters and two more.
    package static func decode(_ text: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int? {
        let tail = text.count & 3
        guard tail != 1 else { return nil }
        let whole = text.count / 4
        precondition(output.count >= whole * 3 + 2)
        guard var source = text.baseAddress else { return 0 }
        guard let start = output.baseAddress else { return nil }
        var target = start
        let end = source + whole * 4
        let table = table
        // Every invalid character leaves a bit: they are gathered here and looked at once.
        var gathered: UInt32 = 0
        // Eight bytes are written, of which six count: what the next four characters have room for isn't needed yet.
        while end - source >= 12 {
            let characters = UInt64(littleEndian: source.loadUnaligned(as: UInt64.self))
            let first = quantum(UInt32(truncatingIfNeeded: characters), table)
            let second = quantum(UInt32(truncatingIfNeeded: characters &>> 32), table)
            gathered |= first | second
            let bytes = UInt64(first & 0xFF_FFFF) | UInt64(second) &<< 24
            target.storeBytes(of: bytes.littleEndian, as: UInt64.self)
            source += 8
            target += 6
        }
        while source < end {
            let bytes = quantum(UInt32(littleEndian: source.loadUnaligned(as: UInt32.self)), table)
            gathered |= bytes
            store(bytes, 3, target)
            source += 4
            target += 3
        }
        if tail >= 2 {
            // Filled up with the character of zero.
            var characters = UInt32(UInt8(ascii: "A")) &* 0x0101_0101
            withUnsafeMutableBytes(of: &characters) { $0.copyMemory(from: .init(start: source, count: tail)) }
            let bytes = quantum(UInt32(littleEndian: characters), table)
            gathered |= bytes
            store(bytes, tail - 1, target)
            target += tail - 1
            guard (bytes & 0xFF_FFFF) &>> UInt32((tail - 1) * 8) == 0 else { return nil }
        }
        return gathered & invalid == 0 ? target - start : nil
    }

    /// What a character outside the alphabet leaves.
    private static let invalid: UInt32 = 0x8000_0000

    /// The three bytes that four characters stand for, the first of each in the lowest bits.
    @inline(__always)
    private static func quantum(_ characters: UInt32, _ table: UnsafePointer<UInt32>) -> UInt32 {
        let first = table[Int(characters & 0xFF)]
        let second = table[256 + Int(characters &>> 8 & 0xFF)]
        let third = table[512 + Int(characters &>> 16 & 0xFF)]
        let fourth = table[768 + Int(characters &>> 24)]
        return first | second | third | fourth
    }

    @inline(__always)
    private static func store(_ bytes: UInt32, _ count: Int, _ target: UnsafeMutableRawPointer) {
        for index in 0..<count {
            target.storeBytes(
                of: UInt8(truncatingIfNeeded: bytes &>> UInt32(index * 8)), toByteOffset: index, as: UInt8.self)
        }
    }

    /// For each place in a quantum of four, what each of the 256 bytes contributes to its three bytes. Lives as long as
    /// the process, is written once, here, and is read without the bounds checks and reference counting of an array.
    nonisolated(unsafe) private static let table: UnsafePointer<UInt32> = {
        let table = UnsafeMutablePointer<UInt32>.allocate(capacity: 4 * 256)
        table.initialize(repeating: invalid, count: 4 * 256)
        for (value, character) in alphabet.enumerated() {
            for place in 0..<4 {
                // Six bits of twenty-four, the first character's on top; then the order of the bytes is turned.
                let bits = UInt32(value) << UInt32(18 - 6 * place)
                table[place * 256 + Int(character)] = bits.byteSwapped >> 8
            }
        }
        return UnsafePointer(table)
    }()
}
