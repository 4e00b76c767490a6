import HTTP2Engine
import HTTPMessages

/// A server session and a client, with the bytes carried between them by hand.
final class Conversation {
    let client: HTTP2Client
    let server: HTTP2ServerSession
    /// What became of each stream, in order.
    private(set) var told: [String] = []
    /// Bodies of requests, by stream.
    private(set) var bodies: [Int32: [UInt8]] = [:]
    /// The exchanges whose heads have arrived and that aren't over.
    private(set) var open: [Int32: Exchange] = [:]
    private(set) var goesOn = true
    /// Whether the client gets credit for what it sends.
    var givesCredit = true
    /// Asked for each request.
    var answer: (Exchange) -> Void = { _ in }

    private let transport = StubTransport()
    private var scratch: [ExchangeEvent] = []

    init?(limits: HTTP2Limits = HTTP2Limits(), window: Int? = nil) {
        client = HTTP2Client(window: window)
        guard let made = HTTP2ServerSession(limits: limits, pool: ExchangePool(), transport: transport) else {
            return nil
        }
        server = made
    }

    /// Carries bytes to and fro until neither side has any; at most `chunk` bytes to the server at a time.
    func run(chunk: Int = .max) {
        var isMoving = true
        while isMoving {
            let sent = client.output()
            send(sent, chunk: chunk)
            let received = collect()
            client.input(received)
            isMoving = !sent.isEmpty || !received.isEmpty
        }
    }

    /// Hands bytes to the server as they are.
    func send(_ bytes: [UInt8], chunk: Int = .max) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = rest.prefix(chunk)
            goesOn = part.withUnsafeBytes { server.receive($0) } && goesOn
            handleEvents()
            rest = rest.dropFirst(part.count)
        }
    }

    func collect() -> [UInt8] {
        var out = ByteQueue()
        server.collect(into: &out, upTo: 1 << 20)
        handleEvents()
        return Array(out.readable)
    }

    private func handleEvents() {
        while server.takeEvents(into: &scratch) {
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
            open[exchange.streamID] = exchange
            told.append("\(exchange.streamID) request \(exchange.fault)\(isWhole ? " whole" : "")")
            answer(exchange)
        case .body(let reference, let bytes):
            let exchange = reference.object
            bodies[exchange.streamID, default: []] += bytes
            if givesCredit { server.consumed(exchange, bytes.count) }
        case .requestEnded(let reference):
            let exchange = reference.object
            exchange.requestEnded = true
            told.append("\(exchange.streamID) ended")
        case .requestTooLarge(let exchange): told.append("\(exchange.object.streamID) too large")
        case .drained(let exchange): told.append("\(exchange.object.streamID) drained")
        case .closed(let reference):
            let stream = reference.object.streamID
            told.append("\(stream) closed")
            open[stream] = nil
            server.release(reference)
        }
    }

    /// Answers with these; the rest of the body may come later.
    func respond(_ exchange: Exchange, _ status: Int = 200, body: [UInt8] = [], ends: Bool = true) {
        exchange.response.status = status
        exchange.response.fields.append("content-type", "text/plain")
        exchange.responseBody.append(body)
        exchange.responseEnded = ends
        exchange.responseStarted = true
        server.sendHead(exchange)
    }
}

/// A frame of these very fields (RFC 9113, 4.1).
func frame(_ type: UInt8, flags: UInt8 = 0, stream: UInt32, _ payload: [UInt8] = []) -> [UInt8] {
    let length = payload.count
    return [UInt8(length >> 16), UInt8(length >> 8 & 255), UInt8(length & 255), type, flags]
        + (0..<4).map { UInt8(stream >> (24 - 8 * $0) & 255) } + payload
}
