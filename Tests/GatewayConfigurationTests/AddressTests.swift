import Testing

@testable import GatewayConfiguration

@Suite struct AddressTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false), ("0.0.0.0/0", "1.2.3.4", true),
        ("192.0.2.7", "192.0.2.7", true), ("192.0.2.7", "192.0.2.8", false), ("fd00::/8", "fdff::1", true),
        ("fd00::/8", "fe00::1", false), ("::/0", "::1", true), ("::/0", "1.2.3.4", false),
        ("2001:db8::/65", "2001:db8::7fff:ffff:ffff:ffff", true), ("2001:db8::/65", "2001:db8::8000:0:0:0", false),
        ("2001:db8::1/128", "2001:db8::1", true), ("10.0.0.0/8", "::ffff:10.1.2.3", true),
    ])
    func `a range contains its addresses`(range: String, address: String, expected: Bool) throws {
        let range = try #require(AddressRange(range))
        let address = try #require(IPAddress(address))
        #expect(range.contains(address) == expected)
    }

    @Test(arguments: [
        "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0/8", "fd00::1/8", "", "/8", "::/129", "a",
    ])
    func `a bad range is refused`(text: String) {
        #expect(AddressRange(text) == nil)
    }

    @Test(arguments: [
        ("127.0.0.1:8443", "127.0.0.1:8443"), ("[::1]:0", "[::1]:0"), ("localhost:1", "127.0.0.1:1"),
        ("[2001:DB8::1]:65535", "[2001:db8::1]:65535"), ("[::]:80", "[::]:80"),
    ])
    func `a listening address is read`(text: String, expected: String) {
        #expect(ListenAddress(text)?.description == expected)
    }

    @Test(arguments: [
        "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:80", "[::1]", "host:80", ":80", "[127.0.0.1]:80",
        "1.2.3.4:+1",
        "1.2.3.4: 1", "[::1]x:80",
    ])
    func `another is refused`(text: String) {
        #expect(ListenAddress(text) == nil)
    }

    @Test func `loopback is known`() {
        #expect(ListenAddress("127.9.9.9:1")?.address.isLoopback == true)
        #expect(ListenAddress("[::1]:1")?.address.isLoopback == true)
        #expect(ListenAddress("0.0.0.0:1")?.address.isLoopback == false)
        #expect(isLoopbackHost("app.localhost"))
        #expect(!isLoopbackHost("localhost.evil.test"))
    }
}
