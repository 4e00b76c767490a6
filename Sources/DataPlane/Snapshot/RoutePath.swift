import HTTPMessages

/// The path that routes are matched with: what the upstream may make of the one that was sent.
///
/// Percent-encoding is undone and repeated slashes count as one, so that `/%61dmin` and `//admin` don't slip past a
/// route for `/admin`. A path with a dot segment, in any encoding, is refused: upstreams differ in what they make of
/// it, and browsers never send one. What is forwarded stays as it was sent.
enum RoutePath {
    enum Reading: Equatable {
        /// As sent.
        case plain
        /// In the scratch memory.
        case normalized
        case refused
    }

    static func read(_ path: Bytes, scratch: inout ByteQueue) -> Reading {
        var index = 0
        var previous: UInt8 = 0
        while index < path.count {
            let byte = path[index]
            if byte == 0x25 || byte == 0x5C || (previous == 0x2F && (byte == 0x2F || byte == 0x2E)) {
                return normalize(path, &scratch)
            }
            previous = byte
            index += 1
        }
        return .plain
    }

    private static func normalize(_ path: Bytes, _ scratch: inout ByteQueue) -> Reading {
        scratch.removeAll()
        var segment = 0
        var index = 0
        while index < path.count {
            var byte = path[index]
            if byte == 0x25 {
                guard index + 2 < path.count, let high = hexadecimal(path[index + 1]),
                    let low = hexadecimal(path[index + 2])
                else { return .refused }
                byte = high << 4 | low
                index += 2
            }
            if byte == 0 { return .refused }
            if byte == 0x5C { byte = 0x2F }  // Some servers take `\` for `/`.
            if byte == 0x2F {
                if isDots(scratch.readable.part(segment, scratch.count)) { return .refused }
                if scratch.count == 0 || scratch.readable[scratch.count - 1] != 0x2F { scratch.append(byte: byte) }
                segment = scratch.count
            } else {
                scratch.append(byte: byte)
            }
            index += 1
        }
        return isDots(scratch.readable.part(segment, scratch.count)) ? .refused : .normalized
    }

    /// `.` or `..`, also with a `;parameter` behind, which some servers cut off.
    private static func isDots(_ segment: Bytes) -> Bool {
        let end = segment.firstIndex(ofByte: 0x3B) ?? segment.count
        return (end == 1 && segment[0] == 0x2E) || (end == 2 && segment[0] == 0x2E && segment[1] == 0x2E)
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
