import HTTPMessages
import Testing

@testable import HTTPUpstream

@Suite("Where a WebSocket's frames end")
struct WebSocketFramesTests {
    /// RFC 6455, 5.7, and one of each way to write a length.
    static let whole: [[UInt8]] = [
        [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f],
        [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58],
        [0x01, 0x03, 0x48, 0x65, 0x6c],
        [0x80, 0x02, 0x6c, 0x6f],
        [0x89, 0x00],
        [0x82, 0x7E, 0x01, 0x00] + [UInt8](repeating: 7, count: 256),
        [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0] + [UInt8](repeating: 7, count: 65536),
        [0x82, 0xFE, 0x00, 0x80, 1, 2, 3, 4] + [UInt8](repeating: 7, count: 128),
    ]

    @Test("is known however the bytes come", arguments: whole, [1, 3, 4096, 1 << 20])
    func lengths(frame: [UInt8], piece: Int) {
        var frames = WebSocketFrames()
        #expect(frames.isBetweenFrames)
        for round in 1...3 {
            var position = 0
            while position < frame.count {
                let end = min(position + piece, frame.count)
                walk(Array(frame[position..<end]), &frames)
                #expect(frames.isBetweenFrames == (end == frame.count), "round \(round), byte \(end)")
                position = end
            }
        }
    }

    @Test("is nowhere behind a Close frame")
    func close() {
        var frames = WebSocketFrames()
        walk(WebSocketFrames.close(1001, "going"), &frames)
        #expect(frames.hasClosed && !frames.isBetweenFrames)
        walk([0x81, 0x00], &frames)
        #expect(frames.hasClosed && !frames.isBetweenFrames)
    }

    @Test("is never known again behind a length that can't be")
    func impossible() {
        var frames = WebSocketFrames()
        walk([0x82, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], &frames)
        walk([UInt8](repeating: 0, count: 100), &frames)
        #expect(!frames.isBetweenFrames && !frames.hasClosed)
    }

    @Test("A Close frame holds its code and at most 123 bytes of a reason")
    func written() {
        #expect(WebSocketFrames.close(1008, "token_expired") == [0x88, 15, 0x03, 0xF0] + Array("token_expired".utf8))
        let long = WebSocketFrames.close(1000, String(repeating: "x", count: 200))
        #expect(long.count == 127 && long[1] == 125)
    }

    private func walk(_ bytes: [UInt8], _ frames: inout WebSocketFrames) {
        bytes.withUnsafeBytes { frames.walk($0) }
    }
}
