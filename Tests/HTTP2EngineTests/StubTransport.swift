import HTTPMessages

/// A connection that does nothing: sessions are driven by hand.
final class StubTransport: ExchangeTransport {
    let peer = PeerInformation(address: "192.0.2.1", addressBytes: [192, 0, 2, 1], isTLS: true, httpVersion: 2)

    func sendHead(_ exchange: Exchange) {}
    func sendInformational(_ exchange: Exchange, status: Int, fields: borrowing HeaderBlock) {}
    func sendBody(_ exchange: Exchange) {}
    func abort(_ exchange: Exchange) {}
    func consumed(_ exchange: Exchange, _ length: Int) {}
}
