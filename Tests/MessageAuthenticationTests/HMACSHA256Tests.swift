import COpenSSL
import MessageAuthentication
import Testing

@Suite struct HMACSHA256Tests {
    /// RFC 4231: key, data and code, in hexadecimal.
    static let vectors: [(key: String, data: String, code: String)] = [
        (
            String(repeating: "0b", count: 20), "4869205468657265",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            String(repeating: "aa", count: 20), String(repeating: "dd", count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            String(repeating: "aa", count: 131),
            "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d20"
                + "48617368204b6579204669727374",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ]

    @Test(arguments: vectors)
    func `the codes are those of RFC 4231`(vector: (key: String, data: String, code: String)) throws {
        let mac = HMACSHA256(key: try #require(Hexadecimal.decode(vector.key)))
        let code = mac.code(of: try #require(Hexadecimal.decode(vector.data)))
        #expect(Hexadecimal.text(code) == vector.code)
    }

    /// Every border of a block: of the key, of the message, and of the padding behind it.
    @Test(arguments: [0, 1, 31, 32, 55, 63, 64, 65, 100, 128, 300])
    func `the codes are those of OpenSSL's own HMAC, for keys and messages of every length`(keyLength: Int) {
        let key = SystemRandom.bytes(keyLength)
        let mac = HMACSHA256(key: key)
        for length in 0..<200 {
            let message = SystemRandom.bytes(length)
            var code = [UInt8](repeating: 0, count: 32)
            // No key at all would mean the one before.
            _ = HMAC(EVP_sha256(), key.isEmpty ? [0] : key, Int32(keyLength), message, length, &code, nil)
            #expect(mac.code(of: message) == code, "a message of \(length) bytes")
        }
    }

    @Test func `a code doesn't depend on the messages before it`() {
        let mac = HMACSHA256(secretText: "secret")
        let first = mac.code(of: Array("one".utf8))
        _ = mac.code(of: Array(String(repeating: "x", count: 1000).utf8))
        _ = mac.code(of: [])
        #expect(mac.code(of: Array("one".utf8)) == first)
    }

    @Test func `an empty key and an empty message have a code`() {
        #expect(
            Hexadecimal.text(HMACSHA256(key: []).code(of: []))
                == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    @Test func `the key is the text of a secret, not what it encodes`() {
        let text = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
        #expect(
            Hexadecimal.text(HMACSHA256(secretText: text).code(of: Array("123".utf8)))
                == "1750de02089c6d42780711f8833278622f131dc6196617806ad6929196cd5759")
    }
}
