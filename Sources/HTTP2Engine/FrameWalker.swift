/// Finds the frames in what a client sends, before libnghttp2 does: that one tells nothing of frames of unknown types,
/// nor whether the bytes so far end in the middle of one.
///
/// Bytes come in any portions. Only frame headers are looked at.
struct FrameWalker {
    /// Of the payload, or of the preface, that is yet to come.
    private var pending = FrameWalker.prefaceLength
    private var header = UInt64(0)
    private var headerBytes = 0
    private(set) var type: UInt8 = 0
    /// How many frames have begun.
    private(set) var count: UInt32 = 0

    private static let prefaceLength = 24
    private static let headerLength = 9

    /// Goes through `bytes` and calls `body` with each frame's header and `serial`, until that returns false.
    @inline(__always)
    mutating func walk(
        _ bytes: UnsafeRawBufferPointer,
        _ body: (_ type: UInt8, _ flags: UInt8, _ length: Int, _ serial: UInt32) -> Bool
    ) -> Bool {
        var position = 0
        while position < bytes.count {
            if pending > 0 {
                let passed = min(pending, bytes.count - position)
                pending -= passed
                position += passed
                continue
            }
            // Length, type and flags are the first five of nine bytes; the stream, after them, doesn't matter here.
            if headerBytes == 0, bytes.count - position >= Self.headerLength {
                header = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)) >> 24
                position += Self.headerLength
            } else {
                if headerBytes < 5 { header = header << 8 | UInt64(bytes[position]) }
                headerBytes += 1
                position += 1
                guard headerBytes == Self.headerLength else { continue }
            }
            pending = Int(header >> 16 & 0xFF_FFFF)
            type = UInt8(truncatingIfNeeded: header >> 8)
            let flags = UInt8(truncatingIfNeeded: header)
            count &+= 1
            header = 0
            headerBytes = 0
            guard body(type, flags, pending, serial) else { return false }
        }
        return true
    }

    /// Whether the bytes so far end in the middle of a frame, or of the preface.
    var isWithinFrame: Bool { pending > 0 || headerBytes > 0 }

    /// The same, of a DATA frame's payload.
    var isWithinData: Bool { pending > 0 && count > 0 && type == 0 }

    /// Tells the frame that began last from all others, and from 0 and 1.
    var serial: UInt32 { count | 1 << 31 }
}
