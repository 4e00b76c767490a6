import MessageAuthentication
import Testing

@Suite struct Base64URLTests {
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
        ("foobar", "Zm9vYmFy"),
    ])
    func `the test vectors of RFC 4648 hold without padding`(plain: String, encoded: String) {
        #expect(Base64URL.text(plain.utf8) == encoded)
        #expect(Base64URL.decode(encoded.utf8) == Array(plain.utf8))
    }

    @Test func `the two characters that differ from plain base64 are dash and underscore`() {
        #expect(Base64URL.text([0xFB, 0xFF]) == "-_8")
        #expect(Base64URL.decode("-_8".utf8) == [0xFB, 0xFF])
    }

    @Test(arguments: [
        "Z", "Zm9vY", "Zg==", "Zg=", "Zm9v=", "=", "Zh", "Zm9", "Z+", "Z/8A", "Zm 9v", "Zm9v\n", "\u{0}AAA", "Zm9é",
        "Zm9vZ.", "AAAA AAAA",
    ])
    func `every other spelling is refused`(text: String) {
        #expect(Base64URL.decode(text.utf8) == nil)
    }

    @Test func `every byte outside the alphabet is refused in every place`() {
        let alphabet = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        for byte in UInt8.min ... .max where !alphabet.contains(byte) {
            // Long enough for the eight at a time, the four and the rest.
            for place in 0..<23 {
                var text = [UInt8](repeating: UInt8(ascii: "A"), count: 23)
                text[place] = byte
                #expect(Base64URL.decode(text) == nil, "\(byte) at \(place)")
            }
        }
    }

    @Test func `what is encoded decodes to itself, whatever its length`() {
        for count in 0..<100 {
            let bytes = SystemRandom.bytes(count)
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
        }
    }

    @Test(arguments: 0..<40)
    func `nothing is written beyond the room that is asked for`(count: Int) {
        let text = Base64URL.encode(SystemRandom.bytes(count))
        let room = text.count / 4 * 3 + 2
        var output = [UInt8](repeating: 0xAA, count: room + 16)
        let written = output.withUnsafeMutableBytes { output in
            text.withUnsafeBytes {
                Base64URL.decode($0, into: UnsafeMutableRawBufferPointer(rebasing: output[..<room]))
            }
        }
        #expect(written == count)
        #expect(output[room...].allSatisfy { $0 == 0xAA })
    }
}

@Suite struct HexadecimalTests {
    @Test func `both cases are read and lower case is written`() {
        #expect(Hexadecimal.decode("00fFA9") == [0, 0xFF, 0xA9])
        #expect(Hexadecimal.text([0, 0xFF, 0xA9]) == "00ffa9")
    }

    @Test(arguments: ["0", "0g", "g0", " 0", "0x", "٠٠", "00 "])
    func `what is no hexadecimal is refused`(text: String) {
        #expect(Hexadecimal.decode(text) == nil)
    }
}

@Suite struct ConstantTimeTests {
    @Test func `equal bytes are equal, and nothing else is`() {
        func equals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
            left.withUnsafeBytes { left in right.withUnsafeBytes { constantTimeEquals(left, $0) } }
        }
        #expect(equals([1, 2, 3], [1, 2, 3]))
        #expect(equals([], []))
        #expect(!equals([1, 2, 3], [1, 2, 4]))
        #expect(!equals([1, 2, 3], [1, 2]))
        #expect(!equals([], [0]))
    }

    @Test func `random bytes are as many as asked for and don't repeat`() {
        #expect(SystemRandom.bytes(0).isEmpty)
        #expect(SystemRandom.bytes(33).count == 33)
        #expect(SystemRandom.bytes(16) != SystemRandom.bytes(16))
    }
}
