import PortalSSO
import Testing
import UserDirectory

@Suite("Session ids")
struct SessionIDTests {
    @Test("are 32 random bytes in base64url, each time others")
    func random() throws {
        let ids = (0..<100).map { _ in SessionID.random() }
        #expect(Set(ids.map(\.cookieValue)).count == 100)
        for id in ids {
            #expect(id.cookieValue.utf8.count == 43)
            #expect(SessionID(cookieValue: id.cookieValue.utf8) == id)
        }
    }

    /// From node's `crypto`: SHA-256 of the text, not of the bytes that it stands for.
    @Test("are known to the directory by the digest of their text")
    func digest() throws {
        let id = try #require(SessionID(cookieValue: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8".utf8))
        let hex = id.digest.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(hex == "ea866a757e4c38babfa8127cbe9a409d3e1f93a00ff1488ff735fcf917afffd0")
    }

    @Test(
        "have one spelling",
        arguments: [
            "", "A", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A",
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdH+8", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdH/8",
            " AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHé",
            String(repeating: "A", count: 100_000),
        ])
    func spelling(_ text: String) {
        #expect(SessionID(cookieValue: text.utf8) == nil)
    }

    @Test("don't show in descriptions")
    func description() {
        let id = SessionID.random()
        #expect(!"\(id)".contains(id.cookieValue))
    }
}
