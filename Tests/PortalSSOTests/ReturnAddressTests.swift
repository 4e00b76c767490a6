import Foundation
import PortalSSO
import Testing

@Suite("Return addresses")
struct ReturnAddressTests {
    private static let table = ReturnAddressTable.shared
    private static let portal = PortalOrigin(scheme: "https", authority: "feedback.acme.test")

    @Test("that lead elsewhere, or may, are refused", arguments: table.hostile)
    func hostile(_ row: ReturnAddressTable.Hostile) {
        #expect(Self.table.parse(row.candidate, portal: 0) == nil)
    }

    @Test(
        "that are hostile to one portal lead nowhere but to allowed origins from the others", arguments: table.hostile)
    func elsewhere(_ row: ReturnAddressTable.Hostile) {
        for (index, portal) in Self.table.portals.enumerated() {
            guard let address = Self.table.parse(row.candidate, portal: index) else { continue }
            #expect(portal.origins.contains { $0 == row.origins[index] })
            expectSafe(address, portal: portal, origin: row.origins[index])
        }
    }

    @Test("are many in the table, so that the tests above mean something")
    func counts() {
        #expect(Self.table.hostile.count >= 150)
        #expect(Self.table.mutations.count >= 2000)
    }

    @Test("of the organization's pages are accepted", arguments: table.welcome + table.withToken)
    func welcome(_ row: ReturnAddressTable.Welcome) throws {
        let address = try #require(Self.table.parse(row.candidate, portal: row.portal))
        #expect(address.location == row.location)
        expectSafe(address, portal: Self.table.portals[row.portal], origin: row.origin)
    }

    @Test("are cut where they carry a token", arguments: table.withToken)
    func tokens(_ row: ReturnAddressTable.Welcome) throws {
        let address = try #require(Self.table.parse(row.candidate, portal: row.portal))
        #expect(!address.location.contains("TOKEN"))
    }

    @Test("that are accepted lead where browsers take them, among 2000 mutated ones")
    func mutations() {
        var accepted = 0
        var compared = 0
        for row in Self.table.mutations {
            guard let address = Self.table.parse(row.candidate, portal: row.portal) else { continue }
            accepted += 1
            let portal = Self.table.portals[row.portal]
            expectSafe(address, portal: portal, origin: row.origin)
            #expect(portal.origins.contains { $0 == row.origin }, "\(row.candidate)")
            // Browsers encode a few characters that the parser lets stand; and tokens are cut.
            let lowered = row.candidate.lowercased()
            let isRewritten = ["'", "|", "^", "{", "sso", "jwt", "%73"].contains { lowered.contains($0) }
            guard !isRewritten, let href = row.href else { continue }
            compared += 1
            #expect(address.absolute(on: portal.origin) == href)
        }
        #expect(accepted > 200)
        #expect(compared > 150)
    }

    @Test("on the portal are known by their path, without an origin")
    func path() throws {
        let address = try #require(parse("https://feedback.acme.test/a/%62?x=1#y"))
        #expect(address.path == "/a/%62")
        #expect(address.location == "/a/%62?x=1#y")
        #expect(address.absolute(on: Self.portal) == "https://feedback.acme.test/a/%62?x=1#y")
        #expect(ReturnAddress.home.location == "/")
        #expect(ReturnAddress.home.absolute(on: Self.portal) == "https://feedback.acme.test/")
    }

    @Test("on another host are whole already")
    func otherHost() throws {
        let address = try #require(
            ReturnAddress("https://b.test/x".utf8, portal: Self.portal, hosts: ["b.test"]))
        #expect(address.path == "/x")
        #expect(address.absolute(on: Self.portal) == "https://b.test/x")
    }

    @Test("need no list for the portal's own origin, and its scheme must be the same")
    func ownOrigin() {
        #expect(parse("https://feedback.acme.test/x", hosts: [])?.location == "/x")
        #expect(parse("http://feedback.acme.test/x", hosts: []) == nil)
        let local = PortalOrigin(scheme: "http", authority: "localhost:8080")
        #expect(ReturnAddress("https://localhost:8080/x".utf8, portal: local, hosts: []) == nil)
        #expect(ReturnAddress("http://localhost:8080/x".utf8, portal: local, hosts: [])?.location == "/x")
    }

    @Test("stay on the portal even where its authority is not one that browsers show")
    func oddPortal() {
        let odd = PortalOrigin(scheme: "https", authority: "a b@c")
        #expect(ReturnAddress("/x".utf8, portal: odd, hosts: [])?.location == "/x")
        #expect(ReturnAddress("https://a b@c/x".utf8, portal: odd, hosts: ["a b@c"]) == nil)
        let none = PortalOrigin(scheme: "https", authority: "")
        #expect(ReturnAddress("https://evil.example/".utf8, portal: none, hosts: []) == nil)
    }

    @Test("with bytes outside ASCII are refused, whether they are UTF-8 or not", arguments: UInt8(0x80)...0xFF)
    func notASCII(_ byte: UInt8) {
        #expect(ReturnAddress([0x2F, byte], portal: Self.portal, hosts: []) == nil)
        #expect(ReturnAddress(Array("https://feedback.acme.test".utf8) + [byte], portal: Self.portal, hosts: []) == nil)
    }

    @Test("with controls and blanks are refused wherever they stand", arguments: UInt8(0)...0x20)
    func controls(_ byte: UInt8) {
        let page = Array("https://feedback.acme.test/page?x#y".utf8)
        for position in 0...page.count {
            var text = page
            text.insert(byte, at: position)
            #expect(ReturnAddress(text, portal: Self.portal, hosts: []) == nil)
        }
    }

    @Test("have at most 2048 bytes")
    func length() {
        #expect(parse("/" + String(repeating: "a", count: 2047)) != nil)
        #expect(parse("/" + String(repeating: "a", count: 2048)) == nil)
    }

    @Test(
        "that listed loopback hosts have may be cleartext; those of other hosts may not",
        arguments: [
            ("http://127.0.0.1/", true), ("http://127.9.8.7/", true), ("http://localhost/", true),
            ("http://app.localhost/", true), ("http://[::1]/", true), ("http://127.0.0.1.evil.example/", false),
            ("http://127.0.0.01/", false), ("http://128.0.0.1/", false), ("http://localhost.evil.example/", false),
            ("http://notlocalhost/", false), ("http://127.0.0.256/", false), ("http://127.0.0.+1/", false),
        ])
    func loopback(_ text: String, _ isAllowed: Bool) {
        let host = String(text.dropFirst(7).dropLast())
        #expect((parse(text, hosts: [host]) != nil) == isAllowed)
    }

    private func parse(_ text: String, hosts: [String] = ["feedback.acme.test"]) -> ReturnAddress? {
        ReturnAddress(text.utf8, portal: Self.portal, hosts: hosts)
    }

    /// What makes a location safe, without parsing it: visible ASCII, and either a path that can't be taken for a host,
    /// or the text of an allowed origin with a path behind.
    private func expectSafe(_ address: ReturnAddress, portal: ReturnAddressTable.Portal, origin: String?) {
        let location = Array(address.location.utf8)
        #expect(location.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x5C })
        if location.first == 0x2F {
            #expect(location.dropFirst().first != 0x2F)
            #expect(portal.origin.text == origin)
        } else {
            #expect(portal.origins.contains { $0 == origin && address.location.hasPrefix($0 + "/") })
        }
        let parameters = URLComponents(string: address.location)?.queryItems ?? []
        #expect(!parameters.contains { ["sso", "ssotoken", "jwt"].contains($0.name.lowercased()) })
    }
}
