package import HTTPMessages
import MessageAuthentication

/// The key of a WebSocket's opening handshake (RFC 6455, 4.1): base64 of 16 bytes.
///
/// It proves nothing of who is calling: only that whoever answers has understood what it was asked.
package struct WebSocketKey: Sendable, Equatable {
    package let text: [UInt8]

    /// A fresh one.
    package init() { text = Self.base64(SystemRandom.bytes(16)) }

    /// What a client has sent; nil where it isn't 16 bytes in base64, as it must be.
    package init?(_ value: Bytes) {
        guard value.count == 24, value[22] == 0x3D, value[23] == 0x3D else { return nil }
        // The last character stands for two bits only: the others are zero.
        guard (0..<22).allSatisfy({ Self.alphabet.contains(value[$0]) }), "AQgw".utf8.contains(value[21]) else {
            return nil
        }
        text = Array(value)
    }

    /// What `Sec-WebSocket-Accept` must be in answer to this key (RFC 6455, 4.2.2).
    package var accept: [UInt8] {
        Self.base64(SHA1Digest.of(text + Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)))
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static func base64(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for position in 0..<4 {
                let digit = bits >> (18 - 6 * position) & 63
                text.append(position <= group.count ? alphabet[digit] : 0x3D)
            }
        }
        return text
    }
}
