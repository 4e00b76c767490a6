import HTTPMessages
import Testing

@Suite struct FieldSyntaxTests {
    @Test func `token characters are those of RFC 9110`() {
        let allowed = Set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
        for byte in UInt8.min...UInt8.max { #expect(byte.isTokenCharacter == allowed.contains(byte)) }
    }

    @Test func `values are free of control characters wherever those stand`() {
        for byte in UInt8.min...UInt8.max {
            let allowed = byte == 0x09 || (byte >= 0x20 && byte != 0x7F)
            for length in [1, 7, 8, 9, 17] {
                for place in 0..<length {
                    var bytes = [UInt8](repeating: 0x61, count: length)
                    bytes[place] = byte
                    let result = bytes.withUnsafeBytes { $0.isFieldValue }
                    #expect(result == allowed)
                }
            }
        }
        #expect(staticBytes("").isFieldValue)
        #expect(!staticBytes("\t2345678\u{0B}").isFieldValue)
    }

    @Test func `tokens have at least one character`() {
        #expect(!staticBytes("").isToken)
        #expect(staticBytes("a").isToken)
        #expect(!staticBytes("a b").isToken)
        #expect(staticBytes("name: value").tokenPrefixLength == 4)
    }

    @Test func `targets are visible ASCII without a fragment`() {
        for byte in UInt8.min...UInt8.max {
            let result = [0x2F, byte].withUnsafeBytes { $0.isRequestTarget }
            #expect(result == (byte > 0x20 && byte < 0x7F && byte != 0x23))
        }
        #expect(!staticBytes("").isRequestTarget)
    }

    @Test func `authorities are hosts with an optional port`() {
        for good in ["a", "A-b_c.9", "a:0", "a:65535", "[::1]", "[1:2:3:4:5:6:7:8]:1"] as [StaticString] {
            #expect(staticBytes(good).isAuthority)
        }
        for bad in [
            "", ":", "a:", "a:65536", "a:000080", "a:1x", "[", "[]", "[:", "[::1", "[::g]", "[::1]1", "a]", "u@a",
            "a,b", "a b", "a%20", "a/", "a\\b", "\u{E9}",
        ] as [StaticString] {
            #expect(!staticBytes(bad).isAuthority)
        }
    }
}
