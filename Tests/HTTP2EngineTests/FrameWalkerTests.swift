import Testing

@testable import HTTP2Engine

@Suite struct FrameWalkerTests {
    private struct Seen: Equatable {
        var type: UInt8
        var flags: UInt8
        var length: Int
    }

    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    private static func walk(_ bytes: [UInt8], chunk: Int, _ walker: inout FrameWalker) -> [Seen] {
        var seen: [Seen] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = rest.prefix(chunk)
            _ = part.withUnsafeBytes { bytes in
                walker.walk(bytes) { type, flags, length, _ in
                    seen.append(Seen(type: type, flags: flags, length: length))
                    return true
                }
            }
            rest = rest.dropFirst(part.count)
        }
        return seen
    }

    @Test(arguments: [1, 2, 8, 9, 10, 17, 1000, Int.max])
    func `frames are found however their bytes are cut`(chunk: Int) {
        let frames =
            frame(4, stream: 0) + frame(6, flags: 1, stream: 0, Array(repeating: 9, count: 8))
            + frame(0, flags: 9, stream: 3, Array(repeating: 0, count: 70_000)) + frame(0xBE, flags: 0xFF, stream: 7)
        var walker = FrameWalker()
        let seen = Self.walk(Self.preface + frames, chunk: chunk, &walker)
        #expect(
            seen == [
                Seen(type: 4, flags: 0, length: 0), Seen(type: 6, flags: 1, length: 8),
                Seen(type: 0, flags: 9, length: 70_000), Seen(type: 0xBE, flags: 0xFF, length: 0),
            ])
        let isWithin = walker.isWithinFrame
        let count = walker.count
        #expect(!isWithin)
        #expect(count == 4)
    }

    @Test(arguments: [0, 1, 23])
    func `within the preface it is within something, and there is no frame yet`(length: Int) {
        var walker = FrameWalker()
        let seen = Self.walk(Array(Self.preface.prefix(length)), chunk: .max, &walker)
        let isWithin = walker.isWithinFrame
        let isData = walker.isWithinData
        #expect(seen.isEmpty)
        #expect(isWithin)
        #expect(!isData)
    }

    @Test(arguments: [
        (0, 1, true, false), (0, 9, true, true), (0, 12, true, true), (6, 12, true, false), (0, 13, false, false),
    ])
    func `it tells where the bytes end`(type: UInt8, length: Int, within: Bool, data: Bool) {
        var walker = FrameWalker()
        _ = Self.walk(
            Self.preface + frame(type, stream: 1, [1, 2, 3, 4]).prefix(length), chunk: .max, &walker)
        let isWithin = walker.isWithinFrame
        let isData = walker.isWithinData
        #expect(isWithin == within)
        #expect(isData == data)
    }

    @Test func `it stops where it is told to`() {
        var walker = FrameWalker()
        var frames = 0
        let bytes = Self.preface + frame(6, stream: 0) + frame(6, stream: 0) + frame(6, stream: 0)
        let whole = bytes.withUnsafeBytes { bytes in
            walker.walk(bytes) { _, _, _, _ in
                frames += 1
                return frames < 2
            }
        }
        #expect(!whole)
        #expect(frames == 2)
    }
}
