import IdentityCore
import MessageAuthentication
import Testing

@Suite struct CompactTokenTests {
    private static let good = Sample.token(#"{"email":"a@b.c"}"#)
    private static let parts = good.split(separator: ".").map(String.init)

    @Test(arguments: [
        "", ".", "..", "...", "a", "a.b", "a.b.c.d", good + ".", "." + good, good + ".e30",
        parts[0] + "." + parts[1], parts[0] + ".." + parts[1] + "." + parts[2],
    ])
    func `a token has two dots and something before them`(token: String) {
        #expect(outcome(token).code == .tokenMalformed)
    }

    @Test func `a third dot is refused wherever it stands, though it be signed`() {
        let input = CompactTokenTests.parts[0] + "." + CompactTokenTests.parts[1]
        for place in 0...input.utf8.count {
            let text = input.prefix(place) + "." + input.dropFirst(place)
            #expect(outcome(Sample.signed(String(text))).code == .tokenMalformed, "\(place)")
        }
        for place in 0..<43 {
            var signature = Array(CompactTokenTests.parts[2])
            signature[place] = "."
            #expect(outcome(input + "." + String(signature)).code == .tokenMalformed, "\(place) of the signature")
        }
    }

    @Test(arguments: ["=", "==", " ", "\n", "\t", "\u{0}", "+", "/", "é", "%3D", ",", "A"])
    func `nothing may follow the signature`(garbage: String) {
        let code = outcome(CompactTokenTests.good + garbage).code
        // One more letter of the alphabet makes 44 characters: good base64url, but 33 bytes.
        #expect(code == (garbage == "A" ? .tokenSignatureMismatch : .tokenMalformed))
    }

    @Test(arguments: [0, 1, 2])
    func `padding is refused in each segment, though it be signed`(index: Int) {
        var parts = CompactTokenTests.parts
        parts[index] += "="
        let token = index < 2 ? Sample.signed(parts[0] + "." + parts[1]) : parts.joined(separator: ".")
        #expect(outcome(token).code == .tokenMalformed)
    }

    @Test func `a last character with stray bits is refused`() {
        // 32 bytes leave four bits for the last character: it must be one of 16.
        let body = CompactTokenTests.good.dropLast()
        let last = CompactTokenTests.good.suffix(1)
        let accepted = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".filter {
            outcome(body + String($0)).code == nil
        }
        #expect(accepted == String(last))
        let malformed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".filter {
            outcome(body + String($0)).code == .tokenMalformed
        }
        #expect(malformed.count == 48)
    }

    @Test func `plain base64 is refused where it differs`() {
        let payload = Base64URL.text(#"{"email":"a@b.c","x":"???>>>~~~"}"#.utf8)
        #expect(payload.contains("_") || payload.contains("-"))
        let plain = payload.replacing("_", with: "/").replacing("-", with: "+")
        #expect(outcome(Sample.signed(CompactTokenTests.parts[0] + "." + payload)).code == nil)
        #expect(outcome(Sample.signed(CompactTokenTests.parts[0] + "." + plain)).code == .tokenMalformed)
    }

    @Test func `8 KiB are read and one byte more isn't`() {
        // Base64 has no length of 4n + 1, so the header is padded until the sum fits.
        for slack in 0..<4 {
            let header = #"{"alg":"HS256"}"# + String(repeating: " ", count: slack)
            let fixed = Base64URL.text(header.utf8).utf8.count + 2 + 43
            let payloadCharacters = 8192 - fixed
            guard payloadCharacters % 4 != 1 else { continue }
            let count = payloadCharacters * 3 / 4
            let frame = #"{"email":"a@b.c","pad":""}"#
            let payload =
                #"{"email":"a@b.c","pad":""# + String(repeating: "x", count: count - frame.utf8.count) + #""}"#
            let token = Sample.token(payload, header: header)
            #expect(token.utf8.count == 8192)
            #expect(outcome(token).code == nil)
            #expect(outcome(token + "A").code == .tokenTooLarge)
        }
        #expect(outcome(String(repeating: ".", count: 8192)).code == .tokenMalformed)
        #expect(outcome(String(repeating: ".", count: 8193)).code == .tokenTooLarge)
        #expect(outcome(String(repeating: "A", count: 1_000_000)).code == .tokenTooLarge)
    }
}
