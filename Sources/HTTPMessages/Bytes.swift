/// Bytes that somebody else owns: valid only as long as the call, or the owner, says.
///
/// Header names and values travel as `Bytes` on the hot path, so that no `String` is made of them.
@usableFromInline package typealias Bytes = UnsafeRawBufferPointer

extension UnsafeRawBufferPointer {
    /// Whether these bytes are exactly the UTF-8 of `text`.
    @inlinable @inline(__always)
    package func equals(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && (count == 0 || memoryEquals(text.utf8Start))
    }

    /// Whether these bytes are exactly `other`. Not constant in time: never for secrets.
    @inlinable @inline(__always)
    package func equals(_ other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        guard count > 0, let start = other.baseAddress else { return true }
        return memoryEquals(start.assumingMemoryBound(to: UInt8.self))
    }

    /// Whether these bytes are `text`, which must be written in lower case, in any ASCII letter case.
    package func equalsIgnoringCase(_ text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && hasPrefixIgnoringCase(text)
    }

    /// Whether these bytes begin with `text`, which must be written in lower case, in any ASCII letter case.
    package func hasPrefixIgnoringCase(_ text: StaticString) -> Bool {
        guard count >= text.utf8CodeUnitCount else { return false }
        for index in 0..<text.utf8CodeUnitCount where self[index].asciiLowercased != text.utf8Start[index] {
            return false
        }
        return true
    }

    /// Whether these bytes begin with the UTF-8 of `text`.
    @inlinable @inline(__always)
    package func hasPrefix(_ text: StaticString) -> Bool {
        guard count >= text.utf8CodeUnitCount else { return false }
        return part(0, text.utf8CodeUnitCount).equals(text)
    }

    /// The part from `start` up to, not including, `end`; both must lie within.
    @inlinable @inline(__always)
    package func part(_ start: Int, _ end: Int) -> UnsafeRawBufferPointer {
        precondition(start >= 0 && start <= end && end <= count)
        return UnsafeRawBufferPointer(start: baseAddress.map { $0 + start }, count: end - start)
    }

    /// The index of the first `byte`, or nil.
    package func firstIndex(ofByte byte: UInt8) -> Int? { firstIndex(ofByte: byte, from: 0, to: count) }

    /// The index of the first `byte` from `start` up to, not including, `end`, or nil; `end` is at most `count`.
    package func firstIndex(ofByte byte: UInt8, from start: Int, to end: Int) -> Int? {
        precondition(start >= 0 && end <= count)
        let pattern = UInt64(byte) &* 0x0101_0101_0101_0101
        var index = start
        while index + 8 <= end {
            let word = UInt64(littleEndian: loadUnaligned(fromByteOffset: index, as: UInt64.self)) ^ pattern
            let zeros = (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
            if zeros != 0 { return index + zeros.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < end {
            if self[index] == byte { return index }
            index += 1
        }
        return nil
    }

    /// These bytes without the spaces and tabs at either end.
    package var trimmingBlanks: UnsafeRawBufferPointer {
        var start = 0
        var end = count
        while start < end, self[start] == 0x20 || self[start] == 0x09 { start += 1 }
        while end > start, self[end - 1] == 0x20 || self[end - 1] == 0x09 { end -= 1 }
        return part(start, end)
    }

    /// A copy as text, invalid UTF-8 repaired. Not for the hot path.
    package var string: String { String(decoding: self, as: UTF8.self) }

    @inlinable @inline(__always)
    func memoryEquals(_ other: UnsafePointer<UInt8>) -> Bool {
        guard let base = baseAddress else { return true }
        var index = 0
        while index + 8 <= count {
            let left = base.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let right = UnsafeRawPointer(other).loadUnaligned(fromByteOffset: index, as: UInt64.self)
            if left != right { return false }
            index += 8
        }
        while index < count {
            if base.load(fromByteOffset: index, as: UInt8.self) != other[index] { return false }
            index += 1
        }
        return true
    }
}

extension UInt8 {
    /// This byte with `A`–`Z` turned into `a`–`z`.
    @inlinable @inline(__always)
    package var asciiLowercased: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }
}

/// Lends the UTF-8 of `text` as `Bytes`: static strings live as long as the process.
@inlinable @inline(__always)
package func staticBytes(_ text: StaticString) -> Bytes {
    Bytes(start: text.utf8Start, count: text.utf8CodeUnitCount)
}
