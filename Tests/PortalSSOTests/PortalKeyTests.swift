import MessageAuthentication
import PortalSSO
import Testing

@Suite("The key of portal cookies")
struct PortalKeyTests {
    private let key = PortalKey(material: Array(0..<32))

    @Test("opens what it sealed", arguments: [0, 1, 100, 2200])
    func roundTrip(_ count: Int) {
        let plaintext = [UInt8](repeating: 7, count: count)
        let sealed = key.seal(plaintext, purpose: .signIn, organization: "acme")
        #expect(key.open(sealed, purpose: .signIn, organization: "acme") == plaintext)
        #expect(
            sealed.utf8.allSatisfy {
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8.contains($0)
            })
    }

    /// The derivation and the layout, from node's `crypto`: a change would end every sign-in that is under way when
    /// gateways of two releases run side by side.
    @Test("opens what another implementation sealed")
    func oracle() {
        let sealed = "AWRlZmdoaWprbG1ubz3UVkW0TKJ5scEZP0_Tu8POgKk_UNm2z5fas3_7K4HNEM3YVw"
        #expect(key.open(sealed, purpose: .pending, organization: "acme") == Array("what a browser keeps".utf8))
    }

    @Test("opens nothing for another purpose, organization or installation")
    func place() {
        let sealed = key.seal([1, 2, 3], purpose: .signIn, organization: "acme")
        #expect(key.open(sealed, purpose: .pending, organization: "acme") == nil)
        #expect(key.open(sealed, purpose: .signIn, organization: "acm") == nil)
        #expect(key.open(sealed, purpose: .signIn, organization: "") == nil)
        let other = PortalKey(material: Array(1..<33))
        #expect(other.open(sealed, purpose: .signIn, organization: "acme") == nil)
    }

    @Test("seals the same twice in two ways")
    func nonces() {
        let sealed = (0..<2).map { _ in key.seal([1], purpose: .signIn, organization: "acme") }
        #expect(sealed[0] != sealed[1])
    }

    @Test("opens nothing that has been changed by a single bit")
    func bits() {
        let sealed = Array(key.seal([1, 2, 3, 4], purpose: .signIn, organization: "acme").utf8)
        for position in sealed.indices {
            for bit in 0..<8 {
                var changed = sealed
                changed[position] ^= 1 << bit
                #expect(key.open(changed, purpose: .signIn, organization: "acme") == nil)
            }
        }
    }

    @Test(
        "opens nothing that is cut short, too long or no base64url",
        arguments: [
            "", "A", "AQ", "=", "AQ==", String(repeating: "A", count: 3073), String(repeating: "A", count: 100_000),
            "\u{0}", "é", "AQ AQ",
        ])
    func malformed(_ text: String) {
        #expect(key.open(text, purpose: .signIn, organization: "acme") == nil)
    }

    @Test("doesn't open what is longer than its limit, though it sealed it")
    func limit() {
        let longest = key.seal([UInt8](repeating: 0, count: 2275), purpose: .signIn, organization: "acme")
        #expect(longest.utf8.count == 3072)
        #expect(key.open(longest, purpose: .signIn, organization: "acme") != nil)
        let longer = key.seal([UInt8](repeating: 0, count: 2276), purpose: .signIn, organization: "acme")
        #expect(key.open(longer, purpose: .signIn, organization: "acme") == nil)
    }
}
