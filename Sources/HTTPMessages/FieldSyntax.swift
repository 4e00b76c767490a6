/// What RFC 9110 and RFC 9112 let stand in a message, asked of bytes that came from outside.
extension UnsafeRawBufferPointer {
    /// How many of the first bytes are token characters (`tchar`, RFC 9110, 5.6.2).
    package var tokenPrefixLength: Int {
        var index = 0
        while index < count, self[index].isTokenCharacter { index += 1 }
        return index
    }

    /// Whether these bytes are a token: a method, or a field's name.
    package var isToken: Bool { count > 0 && tokenPrefixLength == count }

    /// Whether these bytes may be a field's value: no control character but the tab, so no CR, LF or NUL.
    /// Bytes above ASCII may be there (`obs-text`, RFC 9110, 5.5).
    package var isFieldValue: Bool {
        guard let base = baseAddress, count >= 8 else { return allFieldValueCharacters(from: 0, to: count) }
        var index = 0
        while index < count {
            // Eight at a time, the last ones perhaps twice: a byte below 0x20, or 0x7F, makes a slower look necessary.
            let start = Swift.min(index, count - 8)
            let word = base.loadUnaligned(fromByteOffset: start, as: UInt64.self)
            let low = (word &- 0x2020_2020_2020_2020) & ~word
            let delete = word ^ 0x7F7F_7F7F_7F7F_7F7F
            let suspect = (low | ((delete &- 0x0101_0101_0101_0101) & ~delete)) & 0x8080_8080_8080_8080
            if suspect != 0, !allFieldValueCharacters(from: start, to: start + 8) { return false }
            index += 8
        }
        return true
    }

    private func allFieldValueCharacters(from start: Int, to end: Int) -> Bool {
        var index = start
        while index < end {
            if !self[index].isFieldValueCharacter { return false }
            index += 1
        }
        return true
    }

    /// Whether these bytes can stand in a request line as its target: visible ASCII, at least one, and no fragment.
    package var isRequestTarget: Bool {
        var index = 0
        while index < count {
            let byte = self[index]
            if byte <= 0x20 || byte >= 0x7F || byte == 0x23 { return false }
            index += 1
        }
        return count > 0
    }

    /// Whether these bytes are a host with an optional port, as `Host` and `:authority` carry it.
    ///
    /// Narrower than RFC 3986 on purpose, since hosts choose an organization: letters, digits, `-`, `.` and `_`, or
    /// an IPv6 address in brackets; then, after a colon, a port of 0–65535. User information, percent signs, commas
    /// and an empty port are refused.
    package var isAuthority: Bool {
        guard count > 0, count <= 512 else { return false }
        var end = 0
        if self[0] == 0x5B {
            end = 1
            while end < count, self[end].isIPv6Character { end += 1 }
            guard end > 2, end < count, self[end] == 0x5D else { return false }
            end += 1
        } else {
            while end < count, self[end].isHostCharacter { end += 1 }
            guard end > 0 else { return false }
        }
        return end == count || (self[end] == 0x3A && isPort(from: end + 1))
    }

    private func isPort(from start: Int) -> Bool {
        guard start < count, count - start <= 5 else { return false }
        var port = 0
        for index in start..<count {
            guard self[index].isASCIIDigit else { return false }
            port = port * 10 + Int(self[index] - 0x30)
        }
        return port <= 65535
    }
}

extension UInt8 {
    /// Whether a token may hold this byte (`tchar`, RFC 9110, 5.6.2).
    @inline(__always)
    package var isTokenCharacter: Bool {
        // One bit for each character, `0`–`?` and `@`–DEL.
        let word: UInt64 = self < 0x40 ? 0x03FF_6CFA_0000_0000 : 0x57FF_FFFF_C7FF_FFFE
        return self < 0x80 && (word >> UInt64(self & 0x3F)) & 1 != 0
    }

    /// Whether a field's value may hold this byte.
    @inline(__always)
    package var isFieldValueCharacter: Bool { (self >= 0x20 && self != 0x7F) || self == 0x09 }

    @inline(__always)
    package var isASCIIDigit: Bool { self >= 0x30 && self <= 0x39 }

    fileprivate var isHostCharacter: Bool {
        isASCIIDigit || (asciiLowercased >= 0x61 && asciiLowercased <= 0x7A)
            || self == 0x2D || self == 0x2E || self == 0x5F
    }

    fileprivate var isIPv6Character: Bool {
        isASCIIDigit || (asciiLowercased >= 0x61 && asciiLowercased <= 0x66) || self == 0x3A || self == 0x2E
    }
}
