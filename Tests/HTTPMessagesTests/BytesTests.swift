import HTTPMessages
import Testing

@Suite struct BytesTests {
    @Test(arguments: [
        ("", "", true), ("content-length", "content-length", true), ("content-length", "content-lengtH", false),
        ("x", "", false), ("abcdefgh1", "abcdefgh2", false), ("abcdefgh", "abcdefgX", false),
    ])
    func `equality looks at every byte`(left: String, right: String, equal: Bool) {
        let result = Array(left.utf8).withUnsafeBytes { left in Array(right.utf8).withUnsafeBytes { left.equals($0) } }
        #expect(result == equal)
    }

    @Test func `letter case is ignored in ASCII alone`() {
        #expect(staticBytes("ChUnKeD").equalsIgnoringCase("chunked"))
        #expect(!staticBytes("chunkedx").equalsIgnoringCase("chunked"))
        #expect(!staticBytes("chunke").equalsIgnoringCase("chunked"))
        #expect(!staticBytes("\u{212A}").equalsIgnoringCase("k"))
        #expect(!staticBytes("@[`{").equalsIgnoringCase("`{@["))
        #expect(staticBytes("HTTPS://x").hasPrefixIgnoringCase("https://"))
        #expect(!staticBytes("https:/").hasPrefixIgnoringCase("https://"))
    }

    @Test func `prefixes are exact`() {
        #expect(staticBytes("/api/v1").hasPrefix("/api"))
        #expect(staticBytes("/api").hasPrefix("/api"))
        #expect(!staticBytes("/ap").hasPrefix("/api"))
        #expect(staticBytes("x").hasPrefix(""))
    }

    @Test func `blanks are trimmed at both ends and nothing else`() {
        #expect(staticBytes(" \t a b\t ").trimmingBlanks.equals("a b"))
        #expect(staticBytes(" \t ").trimmingBlanks.count == 0)
        #expect(staticBytes("\u{0B}a").trimmingBlanks.equals("\u{0B}a"))
        #expect(Bytes(start: nil, count: 0).trimmingBlanks.count == 0)
    }

    @Test func `a byte is found wherever it stands, and never outside`() {
        for length in 0..<40 {
            for place in 0..<length {
                var bytes = [UInt8](repeating: 0x0B, count: length)
                bytes[place] = 0x0A
                for start in 0...length {
                    for end in start...length {
                        let found = bytes.withUnsafeBytes { $0.firstIndex(ofByte: 0x0A, from: start, to: end) }
                        #expect(found == (start <= place && place < end ? place : nil))
                    }
                }
            }
        }
    }

    @Test func `a byte just above or below, or with the high bit set, isn't found`() {
        let bytes: [UInt8] = [0x0B, 0x09, 0x8A, 0x0B, 0x0B, 0x8A, 0x00, 0xFF, 0x0B, 0x09, 0x0A, 0x0A]
        #expect(bytes.withUnsafeBytes { $0.firstIndex(ofByte: 0x0A) } == 10)
        #expect([UInt8](repeating: 0x80, count: 16).withUnsafeBytes { $0.firstIndex(ofByte: 0) } == nil)
    }
}
