package import HTTPMessages

/// Where frames begin and end in what one side of a WebSocket sends (RFC 6455, 5.2): by their heads, never by what is in
/// them. Between two of them, and there alone, a frame can be put in.
package struct WebSocketFrames: Sendable, Equatable {
    /// Bytes of the current frame's payload that are still to come.
    private var payload: UInt64 = 0
    /// Bytes of the current frame's head that have come, and how many there will be, as far as is known.
    private var headCount = 0
    private var headLength = 2
    /// The length that the head has told so far.
    private var length: UInt64 = 0
    /// Where in the head the length ends.
    private var lengthEnd = 2
    private var isClose = false
    /// What comes makes no sense: nothing can be put in any more.
    private var isLost = false

    /// A Close frame has ended: nothing may follow it.
    package private(set) var hasClosed = false

    package init() {}

    /// Whether a frame may be put in now.
    package var isBetweenFrames: Bool { !isLost && !hasClosed && headCount == 0 && payload == 0 }

    /// Takes note of what was sent.
    package mutating func walk(_ bytes: Bytes) {
        var position = 0
        while position < bytes.count, !isLost, !hasClosed {
            if payload > 0 {
                let part = min(payload, UInt64(bytes.count - position))
                payload -= part
                position += Int(part)
            } else {
                readHead(bytes[position])
                position += 1
                if headCount < headLength { continue }
                headCount = 0
                headLength = 2
                payload = length
            }
            if payload == 0, isClose { hasClosed = true }
        }
    }

    private mutating func readHead(_ byte: UInt8) {
        switch headCount {
        case 0: isClose = byte & 0x0F == 8
        case 1:
            let short = byte & 0x7F
            let extended = short == 126 ? 2 : short == 127 ? 8 : 0
            length = extended == 0 ? UInt64(short) : 0
            headLength = 2 + extended + (byte & 0x80 == 0 ? 0 : 4)
            lengthEnd = 2 + extended
        default:
            guard headCount < lengthEnd else { break }  // The mask.
            length = length << 8 | UInt64(byte)
            if length > UInt64(Int64.max) { isLost = true }
        }
        headCount += 1
    }

    /// A Close frame as servers send it, with a status code and a reason of at most 123 bytes (RFC 6455, 5.5.1).
    package static func close(_ code: UInt16, _ reason: String) -> [UInt8] {
        let reason = reason.utf8.prefix(123)
        return [0x88, UInt8(2 + reason.count), UInt8(code >> 8), UInt8(code & 0xFF)] + reason
    }
}
