/// One character in UTF-8 (RFC 3629 section 4).
enum UTF8Sequence {
    /// How many bytes the character beyond ASCII at `text` takes, 2 to 4; 0 where the bytes aren't UTF-8 (overlong
    /// forms, surrogates and what lies beyond U+10FFFF included) or the first is ASCII. Looks no further than the
    /// first byte that doesn't fit.
    static func length(_ text: UnsafePointer<UInt8>) -> Int {
        func follows(_ index: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool { range.contains(text[index]) }
        switch text[0] {
        case 0xC2...0xDF: return follows(1) ? 2 : 0
        case 0xE0: return follows(1, 0xA0...0xBF) && follows(2) ? 3 : 0
        case 0xED: return follows(1, 0x80...0x9F) && follows(2) ? 3 : 0
        case 0xE1...0xEF: return follows(1) && follows(2) ? 3 : 0
        case 0xF0: return follows(1, 0x90...0xBF) && follows(2) && follows(3) ? 4 : 0
        case 0xF1...0xF3: return follows(1) && follows(2) && follows(3) ? 4 : 0
        case 0xF4: return follows(1, 0x80...0x8F) && follows(2) && follows(3) ? 4 : 0
        default: return 0
        }
    }
}
