import Testing

@testable import IdentityCore

@Suite struct HeaderFitnessTests {
    private func isFit(_ text: [UInt8]) -> Bool { text.withUnsafeBytes { HeaderFitness.isFit($0) } }

    @Test func `each byte of ASCII is fit or not, wherever it stands`() {
        for byte in UInt8(0)..<0x80 {
            for place in 1..<26 {
                var text = [UInt8](repeating: UInt8(ascii: "a"), count: 27)
                text[place] = byte
                #expect(isFit(text) == (byte >= 0x20 && byte != 0x7F), "\(byte) at \(place)")
            }
        }
    }

    @Test func `characters of C1 are unfit wherever they stand, and their neighbours aren't`() {
        for place in 0..<20 {
            for (scalar, expected) in [(0x80, false), (0x85, false), (0x9F, false), (0xA0, true), (0xE9, true)] {
                var text = [UInt8](repeating: UInt8(ascii: "a"), count: 20)
                text.insert(contentsOf: String(UnicodeScalar(UInt8(scalar))).utf8, at: place)
                #expect(isFit(text) == expected, "U+\(String(scalar, radix: 16)) at \(place)")
            }
        }
    }

    @Test(arguments: ["", " ", " a", "a ", " 12345678", "12345678 "])
    func `a text without anything, or with a space at an end, is unfit`(text: String) {
        #expect(!isFit(Array(text.utf8)))
    }

    @Test func `a space inside is fit`() { #expect(isFit(Array("Ada Lovelace of Marylebone".utf8))) }
}
