import HTTPServer
import Testing

@Suite struct ClientConnectionsTests {
    private static let address: [UInt8] = [192, 0, 2, 1]
    private static let other: [UInt8] = [192, 0, 2, 2]
    private static let network: [UInt8] = [0x20, 1, 0xD, 0xB8, 0, 0, 0, 1]

    @Test func `a client has as many connections as it may, and another when one has ended`() {
        let clients = ClientConnections()
        clients.use(limit: 2, isExempt: nil)
        #expect(clients.opened(by: Self.address) && clients.opened(by: Self.address))
        #expect(!clients.opened(by: Self.address))
        #expect(clients.opened(by: Self.other), "others have their own")
        clients.closed(by: Self.address)
        #expect(clients.opened(by: Self.address))
        #expect(!clients.opened(by: Self.address))
    }

    @Test func `a network of IPv6 is one client, and so is an address of IPv4 in either notation`() {
        let clients = ClientConnections()
        clients.use(limit: 1, isExempt: nil)
        #expect(clients.opened(by: Self.network + [0, 0, 0, 0, 0, 0, 0, 1]))
        #expect(!clients.opened(by: Self.network + [9, 9, 9, 9, 9, 9, 9, 9]))
        #expect(clients.opened(by: Self.address))
        #expect(!clients.opened(by: Array(repeating: 0, count: 10) + [0xFF, 0xFF] + Self.address))
    }

    @Test func `nobody is refused without a limit, nor who is exempt`() {
        let clients = ClientConnections()
        for _ in 0..<10 { #expect(clients.opened(by: Self.address)) }
        clients.use(limit: 1, isExempt: { $0 == Self.address })
        #expect(clients.opened(by: Self.address))
        #expect(clients.opened(by: Self.other) && !clients.opened(by: Self.other))
    }

    @Test func `connections from before the limit count`() {
        let clients = ClientConnections()
        for _ in 0..<3 { #expect(clients.opened(by: Self.address)) }
        clients.use(limit: 3, isExempt: nil)
        #expect(!clients.opened(by: Self.address))
        clients.closed(by: Self.address)
        #expect(clients.opened(by: Self.address))
    }
}
