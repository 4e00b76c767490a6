import HTTPMessages
import Testing

@testable import HTTPUpstream

@Suite("The key of a WebSocket's handshake")
struct WebSocketKeyTests {
    @Test("is answered as RFC 6455 does in its example")
    func answer() throws {
        let key = try #require(read("dGhlIHNhbXBsZSBub25jZQ=="))
        #expect(String(decoding: key.accept, as: UTF8.self) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    @Test(
        "is refused where it isn't 16 bytes in base64",
        arguments: [
            "", "dGhlIHNhbXBsZQ==", "dGhlIHNhbXBsZSBub25jZWQ=", "dGhlIHNhbXBsZSBub25jZWRkZGRkZA==",
            "dGhlIHNhbXBsZSBub25jZR==", "dGhlIHNhbXBsZSBub25j*Q==", "dGhlIHNhbXBsZSBub25jZQ=A",
            "dGhlIHNhbXBsZSBub25jZQ",
        ])
    func refused(text: String) { #expect(read(text) == nil) }

    @Test("is another one each time, and one that its own reader takes")
    func fresh() throws {
        let first = WebSocketKey()
        #expect(first != WebSocketKey())
        #expect(first.text.withUnsafeBytes { WebSocketKey($0) } == first)
    }

    private func read(_ text: String) -> WebSocketKey? { Array(text.utf8).withUnsafeBytes { WebSocketKey($0) } }
}
