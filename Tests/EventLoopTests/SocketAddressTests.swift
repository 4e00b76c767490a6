import EventLoop
import Testing

@Suite struct SocketAddressTests {
    @Test(arguments: [
        ("127.0.0.1", "127.0.0.1:80", true), ("127.9.9.9", "127.9.9.9:80", true), ("::1", "[::1]:80", true),
        ("0.0.0.0", "0.0.0.0:80", false), ("2001:db8::1", "[2001:db8::1]:80", false),
    ])
    func `literal addresses are read and written`(host: String, text: String, isLoopback: Bool) throws {
        let address = try #require(SocketAddress(host: host, port: 80))
        #expect(address.description == text)
        #expect(address.isLoopback == isLoopback)
        #expect(SocketAddress.resolve(host: host, port: 80) == [address])
    }

    @Test(arguments: ["", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "::1%lo", "[::1]", "1.2.3.4 "])
    func `anything else isn't a literal address`(host: String) {
        #expect(SocketAddress(host: host, port: 80) == nil)
    }

    @Test func `a name that nobody has leads nowhere`() {
        #expect(SocketAddress.resolve(host: "nobody.invalid", port: 80).isEmpty)
    }
}
