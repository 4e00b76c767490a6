/// Escape sequences in JSON strings (RFC 8259 section 7).
enum JSONEscape {
    /// How many bytes the escape sequence at `text` takes, a surrogate pair counted as one; nil where it is none, or
    /// a lone surrogate, which no UTF-8 can express. Looks no further than the first byte that doesn't fit.
    static func length(_ text: UnsafePointer<UInt8>) -> Int? {
        switch text[1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return 2
        case UInt8(ascii: "u"):
            guard let unit = codeUnit(text + 2) else { return nil }
            switch unit {
            case 0xD800...0xDBFF:
                guard text[6] == UInt8(ascii: "\\"), text[7] == UInt8(ascii: "u"), let low = codeUnit(text + 8),
                    (0xDC00...0xDFFF).contains(low)
                else { return nil }
                return 12
            case 0xDC00...0xDFFF:
                return nil
            default:
                return 6
            }
        default:
            return nil
        }
    }

    /// Copies what the escape sequence at `source`, which `length` has accepted, stands for, and moves both on.
    static func copy(_ source: inout UnsafeMutablePointer<UInt8>, to target: inout UnsafeMutablePointer<UInt8>) {
        let character = source[1]
        guard character == UInt8(ascii: "u") else {
            target.pointee =
                switch character {
                case UInt8(ascii: "b"): 0x08
                case UInt8(ascii: "f"): 0x0C
                case UInt8(ascii: "n"): 0x0A
                case UInt8(ascii: "r"): 0x0D
                case UInt8(ascii: "t"): 0x09
                default: character
                }
            source += 2
            target += 1
            return
        }
        var scalar = codeUnit(source + 2) ?? 0xFFFD
        source += 6
        if (0xD800...0xDBFF).contains(scalar) {
            scalar = 0x10000 + (scalar - 0xD800) << 10 + ((codeUnit(source + 2) ?? 0xDC00) - 0xDC00)
            source += 6
        }
        append(scalar, to: &target)
    }

    private static func codeUnit(_ text: UnsafePointer<UInt8>) -> UInt32? {
        var unit: UInt32 = 0
        for index in 0..<4 {
            let character = text[index]
            let digit: UInt8
            switch character {
            case 0x30...0x39: digit = character - 0x30
            case 0x41...0x46: digit = character - 0x41 + 10
            case 0x61...0x66: digit = character - 0x61 + 10
            default: return nil
            }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }

    private static func append(_ scalar: UInt32, to target: inout UnsafeMutablePointer<UInt8>) {
        func put(_ byte: UInt32) {
            target.pointee = UInt8(truncatingIfNeeded: byte)
            target += 1
        }
        switch scalar {
        case 0..<0x80:
            put(scalar)
        case 0x80..<0x800:
            put(0xC0 | scalar >> 6)
            put(0x80 | scalar & 0x3F)
        case 0x800..<0x10000:
            put(0xE0 | scalar >> 12)
            put(0x80 | scalar >> 6 & 0x3F)
            put(0x80 | scalar & 0x3F)
        default:
            put(0xF0 | scalar >> 18)
            put(0x80 | scalar >> 12 & 0x3F)
            put(0x80 | scalar >> 6 & 0x3F)
            put(0x80 | scalar & 0x3F)
        }
    }
}
