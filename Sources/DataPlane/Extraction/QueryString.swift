package import HTTPMessages

/// Reads and cuts parameters of a query, as `application/x-www-form-urlencoded` has them.
package enum QueryString {
    /// Calls `body` with each parameter's name and value, both still encoded.
    package static func forEach(_ query: Bytes, _ body: (_ name: Bytes, _ value: Bytes, _ whole: Range<Int>) -> Void) {
        var start = 0
        while start <= query.count {
            var end = start
            var equals: Int?
            while end < query.count, query[end] != 0x26 {
                if query[end] == 0x3D, equals == nil { equals = end }
                end += 1
            }
            if end > start {
                let middle = equals ?? end
                body(
                    query.part(start, middle), equals.map { query.part($0 + 1, end) } ?? query.part(end, end),
                    start..<end)
            }
            start = end + 1
        }
    }

    /// Whether the encoded `name` is `expected`, whichever way it is encoded.
    static func isNamed(_ name: Bytes, _ expected: StaticString) -> Bool {
        if name.equals(expected) { return true }
        guard name.firstIndex(ofByte: 0x25) != nil, name.count <= expected.utf8CodeUnitCount * 3 else { return false }
        var decoded = ByteQueue()
        decode(name, into: &decoded)
        return decoded.readable.equals(expected)
    }

    /// Appends `text` without its encoding: `%XX` and `+`. A percent sign that begins nothing stays.
    package static func decode(_ text: Bytes, into queue: inout ByteQueue) {
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte == 0x25, index + 2 < text.count, let high = digit(text[index + 1]), let low = digit(text[index + 2])
            {
                queue.append(byte: high << 4 | low)
                index += 3
            } else {
                queue.append(byte: byte == 0x2B ? 0x20 : byte)
                index += 1
            }
        }
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
