import HTTPMessages

/// A chunk's size line, read byte by byte (RFC 9112, 7.1): hexadecimal digits, extensions perhaps, CRLF.
struct ChunkHeader {
    private enum Expected { case size, extensions, lineFeed }

    private var expected = Expected.size
    private var size = 0
    private var digits = 0

    /// How many bytes of extensions there were, with their semicolon.
    private(set) var extensionBytes = 0

    /// Reads on from `position`; the chunk's size once the line is complete, nil where more input is needed.
    ///
    /// No sign, blank or prefix, at most 16 digits; extensions are passed over but may hold no control character
    /// except the tab, and not be longer than `extensionLimit`.
    mutating func read(_ input: Bytes, _ position: inout Int, extensionLimit: Int) throws(HTTP1Error) -> Int? {
        while position < input.count {
            let byte = input[position]
            position += 1
            switch expected {
            case .size:
                if let digit = byte.hexadecimalDigit {
                    digits += 1
                    guard digits <= 16, size <= Int.max >> 4 else { throw .malformed(.chunkSize) }
                    size = size << 4 | digit
                } else if digits > 0, byte == 0x0D {
                    expected = .lineFeed
                } else if digits > 0, byte == 0x3B {
                    expected = .extensions
                    extensionBytes = 1
                } else {
                    throw .malformed(.chunkSize)
                }
            case .extensions:
                if byte == 0x0D {
                    expected = .lineFeed
                } else {
                    extensionBytes += 1
                    guard byte.isFieldValueCharacter, extensionBytes <= extensionLimit else {
                        throw .malformed(.chunkExtension)
                    }
                }
            case .lineFeed:
                guard byte == 0x0A else { throw .malformed(.lineEnding) }
                return size
            }
        }
        return nil
    }
}

extension UInt8 {
    fileprivate var hexadecimalDigit: Int? {
        switch self {
        case 0x30...0x39: Int(self - 0x30)
        case 0x41...0x46: Int(self - 0x37)
        case 0x61...0x66: Int(self - 0x57)
        default: nil
        }
    }
}
