import EventLoop
import Glibc
import Testing

@Suite struct SharedAddressTests {
    private static let anyPort = SocketAddress(host: "127.0.0.1", port: 0)

    /// Connects `count` times; returns how many each of the sockets got.
    private func connect(_ count: Int, to address: SocketAddress, of sockets: [Int32]) throws -> [Int] {
        var clients: [Int32] = []
        defer { for client in clients { close(client) } }
        // On loopback a connection is in its listener's queue when this has returned.
        for _ in 0..<count { clients.append(try StreamSocket.connect(to: address)) }
        return sockets.map { socket in
            var taken = 0
            while let (client, _) = StreamSocket.accept(from: socket) {
                close(client)
                taken += 1
            }
            return taken
        }
    }

    @Test func `the first of many wants the address for itself, and lets others join`() throws {
        let address = try #require(Self.anyPort)
        let first = try StreamSocket.listen(on: address, as: .firstOfMany)
        defer { close(first) }
        let taken = try #require(StreamSocket.localAddress(of: first))
        for sharing in [StreamSocket.Sharing.alone, .firstOfMany] {
            #expect(throws: EventLoopError.self) { try StreamSocket.listen(on: taken, as: sharing) }
        }
        let second = try StreamSocket.listen(on: taken, as: .oneOfMany)
        defer { close(second) }
        let shares = try connect(64, to: taken, of: [first, second])
        #expect(shares.reduce(0, +) == 64 && shares.allSatisfy { $0 > 0 })
    }

    @Test func `connections go where they are sent, and everywhere again after that`() throws {
        let address = try #require(Self.anyPort)
        let first = try StreamSocket.listen(on: address, as: .firstOfMany)
        let taken = try #require(StreamSocket.localAddress(of: first))
        var sockets = [first]
        for _ in 0..<3 { sockets.append(try StreamSocket.listen(on: taken, as: .oneOfMany)) }
        defer { for socket in sockets { close(socket) } }
        StreamSocket.choose(first: 2, among: 2, sharingWith: first)
        let chosen = try connect(64, to: taken, of: sockets)
        #expect(chosen[0] == 0 && chosen[1] == 0 && chosen[2] > 0 && chosen[3] > 0 && chosen[2] + chosen[3] == 64)
        StreamSocket.chooseAmongAll(sharingWith: first)
        #expect(try connect(128, to: taken, of: sockets).allSatisfy { $0 > 0 })
    }

    @Test func `places that nobody has count for all`() throws {
        let address = try #require(Self.anyPort)
        let only = try StreamSocket.listen(on: address, as: .firstOfMany)
        defer { close(only) }
        StreamSocket.choose(first: 1, among: 1, sharingWith: only)
        #expect(try connect(16, to: try #require(StreamSocket.localAddress(of: only)), of: [only]) == [16])
    }
}
