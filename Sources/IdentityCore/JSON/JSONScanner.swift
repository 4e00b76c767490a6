/// Reads one JSON object (RFC 8259) strictly, in one pass, without allocating: members of the outermost object go to
/// the scratch memory, everything deeper is checked and stays as it is written.
///
/// Refused, beside what the grammar refuses: a text that isn't one object, bytes after it, a byte order mark, invalid
/// UTF-8 (RFC 3629: overlong forms, surrogates, beyond U+10FFFF), an escaped lone surrogate, a name that occurs twice
/// in one object at any depth (compared after unescaping), and more than 16 levels.
struct JSONScanner {
    /// How deep objects and arrays may nest; the outermost object is level 1.
    static let maximumDepth = 16

    private let scratch: JSONScratch
    private let bytes: UnsafeMutablePointer<UInt8>
    private var position: Int
    private let end: Int
    /// The number that the next nested object gets.
    private var nextObject: UInt16 = 1

    /// Scans the decoded bytes in `text`. Returns whether they are one acceptable object.
    static func scan(_ text: ScratchRange, in scratch: JSONScratch) -> Bool {
        // A zero ends every loop: it is part of no JSON text. Where it stands inside the text, the end isn't reached.
        let terminator = text.end
        let kept = scratch.bytes[terminator]
        scratch.bytes[terminator] = 0
        defer { scratch.bytes[terminator] = kept }
        scratch.beginScan(length: Int(text.count))
        var scanner = JSONScanner(text, scratch)
        scanner.skipWhitespace()
        guard scanner.bytes[scanner.position] == UInt8(ascii: "{"), scanner.object(number: 0, depth: 1) else {
            return false
        }
        scanner.skipWhitespace()
        return scanner.position == scanner.end
    }

    private init(_ text: ScratchRange, _ scratch: JSONScratch) {
        self.scratch = scratch
        bytes = scratch.bytes
        position = Int(text.offset)
        end = text.end
    }

    // MARK: Values. Each starts at its first byte and ends after its last.

    private mutating func value(depth: Int) -> JSONKind? {
        switch bytes[position] {
        case UInt8(ascii: "\""):
            return string() == nil ? nil : .string
        case UInt8(ascii: "{"):
            guard depth < JSONScanner.maximumDepth else { return nil }
            let number = nextObject
            nextObject += 1
            return object(number: number, depth: depth + 1) ? .object : nil
        case UInt8(ascii: "["):
            return depth < JSONScanner.maximumDepth && array(depth: depth + 1) ? .array : nil
        case UInt8(ascii: "t"):
            return literal("true") ? .bool : nil
        case UInt8(ascii: "f"):
            return literal("false") ? .bool : nil
        case UInt8(ascii: "n"):
            return literal("null") ? .null : nil
        default:
            return number() ? .number : nil
        }
    }

    private mutating func object(number: UInt16, depth: Int) -> Bool {
        position += 1
        skipWhitespace()
        if bytes[position] == UInt8(ascii: "}") {
            position += 1
            return true
        }
        while true {
            guard member(object: number, depth: depth) else { return false }
            skipWhitespace()
            switch bytes[position] {
            case UInt8(ascii: ","):
                position += 1
                skipWhitespace()
            case UInt8(ascii: "}"):
                position += 1
                return true
            default:
                return false
            }
        }
    }

    private mutating func member(object: UInt16, depth: Int) -> Bool {
        let start = position
        guard bytes[position] == UInt8(ascii: "\""), let written = string(), let name = text(written) else {
            return false
        }
        let index = scratch.memberCount
        guard scratch.note(name, object: object, member: object == 0 ? index : 0) else { return false }
        skipWhitespace()
        guard bytes[position] == UInt8(ascii: ":") else { return false }
        position += 1
        skipWhitespace()
        let valueStart = position
        guard object == 0 else { return value(depth: depth) != nil }
        guard index < JSONScratch.maximumMembers else { return false }
        scratch.memberCount += 1
        let found = scratch.members + index
        found.pointee.name = name
        found.pointee.isKnown = false
        if bytes[position] == UInt8(ascii: "\"") {
            guard let written = string(), let value = text(written) else { return false }
            found.pointee.kind = .string
            found.pointee.value = value
        } else {
            guard let kind = value(depth: depth) else { return false }
            found.pointee.kind = kind
            found.pointee.value = ScratchRange(valueStart, count: position - valueStart)
        }
        found.pointee.written = ScratchRange(start, count: position - start)
        return true
    }

    private mutating func array(depth: Int) -> Bool {
        position += 1
        skipWhitespace()
        if bytes[position] == UInt8(ascii: "]") {
            position += 1
            return true
        }
        while true {
            guard value(depth: depth) != nil else { return false }
            skipWhitespace()
            switch bytes[position] {
            case UInt8(ascii: ","):
                position += 1
                skipWhitespace()
            case UInt8(ascii: "]"):
                position += 1
                return true
            default:
                return false
            }
        }
    }

    private mutating func literal(_ text: StaticString) -> Bool {
        // One byte after another: the terminating zero stops this before the end of the memory.
        for index in 0..<text.utf8CodeUnitCount where bytes[position + index] != text.utf8Start[index] { return false }
        position += text.utf8CodeUnitCount
        return true
    }

    private mutating func number() -> Bool {
        guard let end = JSONNumber.end(bytes, from: position) else { return false }
        position = end
        return true
    }

    @inline(__always)
    private mutating func skipWhitespace() {
        while true {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    // MARK: Strings

    /// What stands between two quotes.
    private struct Written {
        let range: ScratchRange
        let hasEscapes: Bool
    }

    @inline(__always)
    private mutating func string() -> Written? {
        let start = position + 1
        var place = start
        var hasEscapes = false
        while true {
            place = firstSpecial(from: place)
            let byte = bytes[place]
            if byte == UInt8(ascii: "\"") {
                position = place + 1
                return Written(range: ScratchRange(start, count: place - start), hasEscapes: hasEscapes)
            }
            let length: Int
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                length = JSONEscape.length(bytes + place) ?? 0
            } else {
                // Zero where it is a control character, the terminating one included.
                length = UTF8Sequence.length(bytes + place)
            }
            guard length > 0 else { return nil }
            place += length
        }
    }

    /// The first place from `start` on of a quote, a backslash, a control character or a byte beyond ASCII, found eight
    /// bytes at a time. There is one: the terminating zero. The memory goes on for more than eight bytes after it.
    @inline(__always)
    private func firstSpecial(from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
        var place = start
        while true {
            let word = UnsafeRawPointer(bytes + place).loadUnaligned(as: UInt64.self).littleEndian
            // Without the highest bits no addition carries into the next byte: each is told exactly.
            let ascii = word & low
            let isNoQuote = (ascii ^ ones &* 0x22) &+ low
            let isNoBackslash = (ascii ^ ones &* 0x5C) &+ low
            let isNoControl = ascii &+ ones &* 0x60
            let special = (~(isNoQuote & isNoBackslash & isNoControl) | word) & ~low
            if special != 0 { return place + special.trailingZeroBitCount / 8 }
            place += 8
        }
    }

    /// The text that is meant: the bytes themselves, or an unescaped copy in the scratch memory.
    @inline(__always)
    private mutating func text(_ written: Written) -> ScratchRange? {
        written.hasEscapes ? unescaped(written.range) : written.range
    }

    private mutating func unescaped(_ range: ScratchRange) -> ScratchRange? {
        let start = scratch.unescapedEnd
        // An unescaped text is never longer than the written one, and each is copied once, so this always holds.
        guard start + Int(range.count) <= JSONScratch.unescapedStart + JSONScratch.maximumText else { return nil }
        var source = bytes + Int(range.offset)
        let sourceEnd = bytes + range.end
        var target = bytes + start
        while source < sourceEnd {
            if source.pointee == UInt8(ascii: "\\") {
                JSONEscape.copy(&source, to: &target)
            } else {
                target.pointee = source.pointee
                source += 1
                target += 1
            }
        }
        let count = target - (bytes + start)
        scratch.unescapedEnd = start + count
        return ScratchRange(start, count: count)
    }
}
