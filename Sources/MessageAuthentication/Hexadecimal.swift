/// Hexadecimal text: two characters a byte.
package enum Hexadecimal {
    /// Decodes `text`, lower or upper case, into `output`, which must be exactly half as long. Returns false where
    /// the lengths don't fit or a character is no hexadecimal digit.
    package static func decode(_ text: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Bool {
        guard text.count == output.count * 2 else { return false }
        var gathered: UInt8 = 0
        for index in 0..<output.count {
            let high = value(text[index * 2])
            let low = value(text[index * 2 + 1])
            gathered |= high | low
            output[index] = high << 4 | low & 0x0F
        }
        return gathered & 0xF0 == 0
    }

    /// The bytes that `text` stands for, or nil where it isn't hexadecimal.
    package static func decode(_ text: String) -> [UInt8]? {
        let characters = Array(text.utf8)
        guard characters.count.isMultiple(of: 2) else { return nil }
        var bytes = [UInt8](repeating: 0, count: characters.count / 2)
        let valid = characters.withUnsafeBytes { characters in
            bytes.withUnsafeMutableBytes { decode(characters, into: $0) }
        }
        return valid ? bytes : nil
    }

    /// Lower-case hexadecimal.
    package static func text(_ bytes: some Collection<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var characters: [UInt8] = []
        characters.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            characters.append(digits[Int(byte >> 4)])
            characters.append(digits[Int(byte & 0x0F)])
        }
        return String(decoding: characters, as: UTF8.self)
    }

    /// The value of a digit; 0xFF for what is none.
    private static func value(_ character: UInt8) -> UInt8 {
        switch character {
        case 0x30...0x39: character &- 0x30
        case 0x41...0x46: character &- 0x41 &+ 10
        case 0x61...0x66: character &- 0x61 &+ 10
        default: 0xFF
        }
    }
}
