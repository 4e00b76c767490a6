/// Base64url without padding (RFC 4648 section 5, RFC 7515 section 2).
package enum Base64URL {
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
        guard var source = text.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return 0 }
        guard let start = output.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return nil }
        var target = start
        let table = values
        // Every invalid character sets the high bit of its value: they are gathered here and looked at once.
        var gathered: UInt32 = 0
        for _ in 0..<whole {
            let first = UInt32(table[Int(source[0])])
            let second = UInt32(table[Int(source[1])])
            let third = UInt32(table[Int(source[2])])
            let fourth = UInt32(table[Int(source[3])])
            gathered |= first | second | third | fourth
            let bits = first &<< 18 | second &<< 12 | third &<< 6 | fourth
            target[0] = UInt8(truncatingIfNeeded: bits &>> 16)
            target[1] = UInt8(truncatingIfNeeded: bits &>> 8)
            target[2] = UInt8(truncatingIfNeeded: bits)
            source += 4
            target += 3
        }
        if tail >= 2 {
            let first = UInt32(table[Int(source[0])])
            let second = UInt32(table[Int(source[1])])
            let third = tail == 3 ? UInt32(table[Int(source[2])]) : 0
            gathered |= first | second | third
            let bits = first &<< 18 | second &<< 12 | third &<< 6
            target[0] = UInt8(truncatingIfNeeded: bits &>> 16)
            target += 1
            if tail == 3 {
                target[0] = UInt8(truncatingIfNeeded: bits &>> 8)
                target += 1
            }
            let strayBits: UInt32 = tail == 3 ? 0xFF : 0xFFFF
            guard bits & strayBits == 0 else { return nil }
        }
        return gathered & 0x80 == 0 ? target - start : nil
    }

    /// The bytes that `text` stands for, or nil where it isn't strict base64url.
    package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        let characters = Array(text)
        var valid = true
        let decoded = [UInt8](unsafeUninitializedCapacity: characters.count / 4 * 3 + 2) { buffer, count in
            let written = characters.withUnsafeBytes { decode($0, into: UnsafeMutableRawBufferPointer(buffer)) }
            valid = written != nil
            count = written ?? 0
        }
        return valid ? decoded : nil
    }

    /// The characters that stand for `bytes`.
    package static func encode(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var characters: [UInt8] = []
        characters.reserveCapacity((bytes.count * 4 + 2) / 3)
        var bits: UInt32 = 0
        var held = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            held += 8
            while held >= 6 {
                held -= 6
                characters.append(alphabet[Int(bits >> UInt32(held) & 0x3F)])
            }
            bits &= (1 << UInt32(held)) - 1
        }
        if held > 0 { characters.append(alphabet[Int(bits << UInt32(6 - held) & 0x3F)]) }
        return characters
    }

    /// The characters that stand for `bytes`, as text.
    package static func text(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: encode(bytes), as: UTF8.self)
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// The value of each of the 256 bytes; 0x80 for those that aren't in the alphabet. Lives as long as the process,
    /// is written once, here, and is read without the bounds checks and reference counting of an array.
    nonisolated(unsafe) private static let values: UnsafePointer<UInt8> = {
        let values = UnsafeMutablePointer<UInt8>.allocate(capacity: 256)
        values.initialize(repeating: 0x80, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return UnsafePointer(values)
    }()
}
