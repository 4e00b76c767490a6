import HTTPMessages
import MessageAuthentication

/// Makes request and trace ids: unique, not secret. One a worker.
struct RequestIdentifiers {
    private var state: UInt64

    init() { state = SystemRandom.bytes(8).reduce(0) { $0 << 8 | UInt64($1) } }

    /// 64 bits of a SplitMix64 sequence that began at a random place.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Appends 16 lower-case hexadecimal digits.
    static func append(_ value: UInt64, to queue: inout ByteQueue) {
        _ = queue.write(atMost: 16) { buffer in
            for index in 0..<16 {
                let digit = UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * index)) & 15
                buffer[index] = digit < 10 ? 0x30 + digit : 0x57 + digit
            }
            return 16
        }
    }
}
