import Testing

@testable import Console

@Suite("Style sheet")
struct AssetTests {
    @Test("It closes each block that it opens, so that none swallows what follows")
    func blocks() {
        var depth = 0
        var least = 0
        for byte in PackageResources.console_css {
            if byte == UInt8(ascii: "{") { depth += 1 }
            if byte == UInt8(ascii: "}") { depth -= 1 }
            least = min(least, depth)
        }
        #expect(least == 0)
        #expect(depth == 0)
    }
}
