/// Numbers as JSON writes them (RFC 8259 section 6).
enum JSONNumber {
    /// Where the number that starts at `start` ends; nil where there is none, or one with a superfluous zero, a bare
    /// point or sign, and the like. The memory must end in a byte that is no part of a number.
    @inline(__always)
    static func end(_ text: UnsafePointer<UInt8>, from start: Int) -> Int? {
        var position = start
        if text[position] == UInt8(ascii: "-") { position += 1 }
        if text[position] == UInt8(ascii: "0") {
            position += 1
            if isDigit(text[position]) { return nil }
        } else {
            guard skipDigits(text, &position) else { return nil }
        }
        if text[position] == UInt8(ascii: ".") {
            position += 1
            guard skipDigits(text, &position) else { return nil }
        }
        if text[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if text[position] == UInt8(ascii: "+") || text[position] == UInt8(ascii: "-") { position += 1 }
            guard skipDigits(text, &position) else { return nil }
        }
        return position
    }

    /// The value of a number that `end` has accepted, or nil where it is beyond what a double can hold. Never
    /// infinite, never not a number.
    static func double(_ number: UnsafeRawBufferPointer) -> Double? {
        if number.count <= 15, let integer = integer(number) { return Double(integer) }
        guard let value = Double(String(decoding: number, as: UTF8.self)), value.isFinite else { return nil }
        return value
    }

    /// Whether a whole text is a number in JSON's grammar, and one that a double can hold.
    static func isNumber(_ text: UnsafeRawBufferPointer) -> Bool {
        // The grammar needs a terminating byte, which a string in the scratch memory has only by its quote.
        withUnsafeTemporaryAllocation(byteCount: text.count + 1, alignment: 1) { copy in
            copy.copyMemory(from: text)
            copy[text.count] = 0
            guard let start = copy.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return false }
            return end(start, from: 0) == text.count && double(text) != nil
        }
    }

    /// Whether a number that `end` has accepted is written as an integer, without fraction and exponent. `-0` is
    /// not: as an identifier it would be a second spelling of `0`.
    static func isInteger(_ number: UnsafeRawBufferPointer) -> Bool {
        guard let first = number.first else { return false }
        let digits = first == UInt8(ascii: "-") ? UnsafeRawBufferPointer(rebasing: number.dropFirst()) : number
        if first == UInt8(ascii: "-"), digits.first == UInt8(ascii: "0") { return false }
        return digits.allSatisfy(isDigit)
    }

    /// The value of at most 15 digits with a sign, or nil where there is a fraction or an exponent.
    @inline(__always)
    private static func integer(_ number: UnsafeRawBufferPointer) -> Int? {
        guard let start = number.baseAddress?.assumingMemoryBound(to: UInt8.self), number.count > 0 else { return nil }
        let isNegative = start[0] == UInt8(ascii: "-")
        var value = 0
        for index in (isNegative ? 1 : 0)..<number.count {
            guard isDigit(start[index]) else { return nil }
            value = value &* 10 &+ Int(start[index] &- 0x30)
        }
        return isNegative ? -value : value
    }

    @inline(__always)
    private static func skipDigits(_ text: UnsafePointer<UInt8>, _ position: inout Int) -> Bool {
        let start = position
        while isDigit(text[position]) { position += 1 }
        return position > start
    }

    @inline(__always)
    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
}
