import HTTP2Engine
import HTTPMessages

@testable import HTTPServer

/// A connection that does nothing: sessions are driven by hand.
final class StubTransport: ExchangeTransport {
    let peer = PeerInformation(address: "192.0.2.1", addressBytes: [192, 0, 2, 1], isTLS: false, httpVersion: 1)

    func sendHead(_ exchange: Exchange) {}
    func sendInformational(_ exchange: Exchange, status: Int, fields: borrowing HeaderBlock) {}
    func sendBody(_ exchange: Exchange) {}
    func abort(_ exchange: Exchange) {}
    func consumed(_ exchange: Exchange, _ length: Int) {}
}

/// An HTTP/1.1 session that is fed bytes and whose events are written down.
final class HTTP1Talk {
    let session: HTTP1ServerSession
    private(set) var told: [String] = []
    private(set) var body: [UInt8] = []
    private(set) var current: Exchange?
    /// Asked for each request, when its head is there.
    var answer: (Exchange) -> Void = { _ in }
    var givesCredit = true

    private let transport = StubTransport()
    private var scratch: [ExchangeEvent] = []

    init(limits: HTTP2Limits = HTTP2Limits()) {
        session = HTTP1ServerSession(limits: limits, pool: ExchangePool(), transport: transport)
    }

    func send(_ text: String, chunk: Int = .max) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let part = rest.prefix(chunk)
            _ = part.withUnsafeBytes { session.receive($0) }
            handleEvents()
            rest = rest.dropFirst(part.count)
        }
    }

    /// What the session has to send, as text, until it has no more.
    func output() -> String {
        var all = ByteQueue()
        repeat {
            session.collect(into: &all, upTo: all.count + 4096)
            handleEvents()
        } while session.wantsToSend
        return all.readable.string
    }

    func respond(
        _ exchange: Exchange, _ status: Int = 200, _ text: String = "", length: Int? = nil, ends: Bool = true
    ) {
        exchange.response.status = status
        if let length { exchange.response.fields.append("content-length", String(length)) }
        exchange.responseBody.append(text)
        exchange.responseEnded = ends
        exchange.responseStarted = true
        session.sendHead(exchange)
    }

    private func handleEvents() {
        while session.takeEvents(into: &scratch) {
            let events = scratch
            scratch.removeAll()
            for event in events { handle(event) }
        }
    }

    private func handle(_ event: ExchangeEvent) {
        switch event {
        case .request(let reference, let isWhole):
            let exchange = reference.object
            exchange.requestEnded = isWhole
            current = exchange
            let fault = exchange.fault == .none ? "" : " \(exchange.fault)"
            told.append("\(exchange.request.methodName.string) \(exchange.request.target.string)\(fault)")
            answer(exchange)
        case .body(let exchange, let bytes):
            body += bytes
            if givesCredit { session.consumed(exchange.object, bytes.count) }
        case .requestEnded(let exchange):
            exchange.object.requestEnded = true
            told.append("ended")
        case .requestTooLarge: told.append("too large")
        case .drained: told.append("drained")
        case .closed(let exchange):
            told.append("closed")
            current = nil
            session.release(exchange)
        }
    }
}
