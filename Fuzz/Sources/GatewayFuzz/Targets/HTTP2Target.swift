import HTTP2Engine
import HTTPMessages

/// A server session that a client sends anything.
enum HTTP2Target {
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// The input comes after a whole preface and empty SETTINGS, in pieces whose size the first byte chooses. Each
    /// request is answered. The exchanges that are open stay within the limit, and so does what is held to be sent.
    static func frames(_ input: UnsafeRawBufferPointer) {
        guard let first = input.first else { return }
        let transport = StubTransport()
        let limits = HTTP2Limits()
        guard let session = HTTP2ServerSession(limits: limits, pool: ExchangePool(capacity: 8), transport: transport)
        else { preconditionFailure("no session could be made") }
        var events: [ExchangeEvent] = []
        let bytes = preface + [0, 0, 0, 4, 0, 0, 0, 0, 0] + Array(input.dropFirst())
        let size = Int(first) * 4 + 1
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(size))
            rest = rest.dropFirst(part.count)
            let goesOn = part.withUnsafeBytes { session.receive(Bytes($0)) }
            while session.takeEvents(into: &events) {
                let taken = events
                events.removeAll()
                for event in taken { handle(event, session) }
            }
            var out = ByteQueue()
            _ = session.collect(into: &out, upTo: 1 << 20)
            precondition(session.exchanges.count <= limits.concurrentStreams * 2, "too many exchanges are open")
            guard goesOn else { break }
        }
        session.abandon()
    }

    private static func handle(_ event: ExchangeEvent, _ session: HTTP2ServerSession) {
        switch event {
        case .request(let reference, let isWhole):
            let exchange = reference.object
            exchange.requestEnded = isWhole
            exchange.response.status = 200
            exchange.response.fields.append("content-type", "text/plain")
            exchange.responseBody.append(Array(repeating: 0x61, count: 1000))
            exchange.responseEnded = true
            exchange.responseStarted = true
            session.sendHead(exchange)
        case .body(let reference, let bytes): session.consumed(reference.object, bytes.count)
        case .requestEnded(let reference): reference.object.requestEnded = true
        case .requestTooLarge, .drained: break
        case .closed(let reference): session.release(reference)
        }
    }

    private final class StubTransport: ExchangeTransport {
        let peer = PeerInformation(address: "192.0.2.1", addressBytes: [192, 0, 2, 1], isTLS: true, httpVersion: 2)

        func sendHead(_ exchange: Exchange) {}
        func sendInformational(_ exchange: Exchange, status: Int, fields: borrowing HeaderBlock) {}
        func sendBody(_ exchange: Exchange) {}
        func abort(_ exchange: Exchange) {}
        func consumed(_ exchange: Exchange, _ length: Int) {}
    }
}
