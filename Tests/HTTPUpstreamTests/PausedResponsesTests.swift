import HTTPMessages
import Testing

@testable import HTTPUpstream

@Suite struct PausedResponsesTests {
    private final class Client: ExchangeTransport {
        let peer = PeerInformation(address: "192.0.2.1", addressBytes: [192, 0, 2, 1], isTLS: false, httpVersion: 2)
        let exchange = Exchange()
        lazy var relay = Relay(exchange: exchange)
        var delivery = Delivery()

        init() { exchange.transport = self }

        func sendHead(_ exchange: Exchange) {}
        func sendInformational(_ exchange: Exchange, status: Int, fields: borrowing HeaderBlock) {}
        func sendBody(_ exchange: Exchange) {}
        func abort(_ exchange: Exchange) {}
        func consumed(_ exchange: Exchange, _ length: Int) {}
    }

    private static let patience: UInt64 = 1000

    private func stalled(_ paused: inout PausedResponses, at now: UInt64, least: Int = 200) -> Relay? {
        paused.stalled(for: Self.patience, at: now, bytesPerSecond: least)
    }

    @Test func `the one that has waited longest is named, once it has waited long enough`() {
        let clients = (0..<3).map { _ in Client() }
        var paused = PausedResponses()
        #expect(stalled(&paused, at: 5000) == nil)
        for (index, client) in clients.enumerated() { paused.append(client.relay, at: UInt64(100 + index)) }
        #expect(stalled(&paused, at: 1099) == nil)
        #expect(stalled(&paused, at: 1100) === clients[0].relay)
        #expect(clients.allSatisfy { $0.relay.pause.isOn })
    }

    @Test(arguments: [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]])
    func `each can leave, in any order`(order: [Int]) {
        let clients = (0..<3).map { _ in Client() }
        var paused = PausedResponses()
        for client in clients { paused.append(client.relay, at: 1) }
        var left = [0, 1, 2]
        for index in order {
            paused.remove(clients[index].relay)
            left.removeAll { $0 == index }
            #expect(!clients[index].relay.pause.isOn)
            #expect(stalled(&paused, at: 9000) === left.first.map { clients[$0].relay })
        }
        paused.append(clients[1].relay, at: 1)
        #expect(stalled(&paused, at: 9000) === clients[1].relay)
    }

    @Test(arguments: [(200, 199, true), (200, 200, false), (0, 0, true), (0, 1, false)])
    func `who takes less than the least is stalled`(least: Int, taken: Int, isStalled: Bool) {
        let client = Client()
        var paused = PausedResponses()
        paused.append(client.relay, at: 1)
        client.exchange.responseBodySent = taken
        #expect((stalled(&paused, at: 1001, least: least) != nil) == isStalled)
    }

    @Test func `who moves has its time begin anew, behind the others`() {
        let clients = (0..<2).map { _ in Client() }
        var paused = PausedResponses()
        paused.append(clients[0].relay, at: 1)
        paused.append(clients[1].relay, at: 500)
        clients[0].exchange.responseBodySent = 1000
        #expect(stalled(&paused, at: 1200) == nil)
        #expect(stalled(&paused, at: 1500) === clients[1].relay)
        paused.remove(clients[1].relay)
        #expect(stalled(&paused, at: 2199) == nil)
        #expect(stalled(&paused, at: 2200) === clients[0].relay)
    }

    @Test(
        "bytes that were on their way count when they arrive, those of other responses don't",
        arguments: [(5000, 5200, false), (5000, 5100, true), (100, 9000, true), (0, 9000, true)])
    func delivery(outstanding: Int, acknowledged: Int, isStalled: Bool) {
        let client = Client()
        client.delivery = Delivery(acknowledged: 5000, outstanding: outstanding)
        var paused = PausedResponses()
        paused.append(client.relay, at: 1)
        client.delivery = Delivery(acknowledged: acknowledged)
        #expect((stalled(&paused, at: 1001) != nil) == isStalled)
    }
}
