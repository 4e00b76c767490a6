import HTTP1Codec
import HTTP2Engine
import HTTPMessages

/// The server side of one HTTP/1.1 connection, without any I/O: one request after another.
///
/// receiving head ─▶ receiving body ─▶ awaiting the response's end ─▶ receiving head …, or done
///
/// A request that is pipelined behind another waits, unread, until that one's response is complete.
///
/// A request for a WebSocket leads from 'awaiting' to the tunnel, or to the connection's end: what comes behind its head
/// may be a tunnel's bytes or a request's, so it is nobody's until the response tells.
final class HTTP1ServerSession: ServerSession {
    private enum Phase { case head, body, response, tunnel, done }

    private var events: [ExchangeEvent] = []
    private(set) var exchanges: [Uncounted<Exchange>] = []

    private let limits: HTTP2Limits
    private let codecLimits: HTTP1Limits
    private let pool: ExchangePool
    private unowned(unsafe) let transport: any ExchangeTransport
    private var phase = Phase.head
    private var budget: FrameBudget
    /// How many heads have been complete.
    private var requests: UInt32 = 0
    private var parser: RequestHeadParser
    private var decoder: BodyDecoder
    /// What was received and isn't done with; its first `lent` bytes went out with events.
    private var input = ByteQueue()
    private var lent = 0
    private var output = ByteQueue()
    private var framing: RequestFraming?
    private var isChunked = false
    private var omitsBody = false
    private var wroteEnd = false
    private var isDraining = false
    /// The connection's end is the response's only end.
    private var isCloseDelimited = false
    /// The response broke off, and an orderly end of the connection would make it look whole.
    private(set) var endsAbruptly = false

    /// How much of further requests is read while one waits for its response, in bytes, or a read's length more.
    private static let pipelinedBytes = 8 * 1024
    /// Pieces of a body that are shorter cost of the budget, others earn it back: each is handed on by itself.
    private static let crumb = 5

    init(limits: HTTP2Limits, pool: ExchangePool, transport: any ExchangeTransport) {
        self.limits = limits
        self.pool = pool
        self.transport = transport
        var codecLimits = HTTP1Limits()
        codecLimits.maxHeadBytes = limits.headerListBytes
        codecLimits.maxFields = limits.headerFields
        self.codecLimits = codecLimits
        budget = FrameBudget(limits.frameBudget)
        parser = RequestHeadParser(limits: codecLimits)
        decoder = BodyDecoder(.none, limits: codecLimits)
    }

    deinit {
        for exchange in exchanges { pool.give(back: exchange) }
    }

    // MARK: Input

    func receive(_ bytes: Bytes) -> Bool {
        input.consume(lent)
        lent = 0
        input.append(bytes)
        parse()
        return true
    }

    func takeEvents(into taken: inout [ExchangeEvent]) -> Bool {
        guard !events.isEmpty else { return false }
        swap(&events, &taken)
        return true
    }

    var wantsToReceive: Bool {
        switch phase {
        case .head: true
        case .body:
            exchange.map { $0.requestBodyReceived - $0.requestBodyConsumed < limits.streamWindow } ?? true
        case .response: input.count < Self.pipelinedBytes
        case .tunnel:
            exchange.map {
                !$0.requestEnded && $0.requestBodyReceived - $0.requestBodyConsumed < limits.streamWindow
            } ?? false
        case .done: false
        }
    }

    var openHead: UInt32 {
        guard phase == .head else { return 0 }
        return input.count > lent || requests == 0 ? requests + 1 : 0
    }

    var isWithinMessage: Bool { false }

    var frameCount: UInt32 { 0 }

    /// There is one at a time.
    private var exchange: Exchange? { exchanges.first?.object }

    func inputEnded() -> Bool {
        guard phase == .tunnel, let exchange, !exchange.requestEnded else { return false }
        passOn()
        events.append(.requestEnded(Uncounted(exchange)))
        return true
    }

    private func parse() {
        if phase == .tunnel { return passOn() }
        while phase == .head || phase == .body {
            let advanced = phase == .head ? parseHead() : parseBody()
            if !advanced { return }
        }
    }

    private var unread: Bytes { input.readable.part(lent, input.count) }

    private func parseHead() -> Bool {
        guard unread.count > 0 else { return false }
        let exchange = exchange ?? begin()
        do {
            switch try parser.parse(unread, into: &exchange.request) {
            case .needsMore: return false
            case .complete(let consumed, let framing):
                lent += consumed
                requests &+= 1
                self.framing = framing
                exchange.request.setScheme(staticBytes(transport.peer.isTLS ? "https" : "http"))
                decoder = BodyDecoder(framing.body, limits: codecLimits)
                let isWhole = decoder.isComplete
                if framing.upgradeRequested, limits.tunnels, exchange.request.method == .get,
                    ConnectionOptions.lists("websocket", in: exchange.request.fields, under: .upgrade)
                {
                    return askForTunnel(exchange, framing)
                }
                if let length = exchange.request.contentLength, let limit = limits.bodyBytes, length > limit {
                    exchange.fault = .bodyTooLarge
                }
                phase = isWhole || exchange.fault != .none ? .response : .body
                events.append(.request(Uncounted(exchange), isWhole: isWhole))
                return true
            }
        } catch {
            exchange.fault =
                switch error {
                case .headTooLarge, .tooManyFields, .trailersTooLarge: .headersTooLarge
                case .malformed, .truncatedBody: .malformed
                }
            framing = nil
            phase = .response
            events.append(.request(Uncounted(exchange), isWhole: false))
            return false
        }
    }

    /// The connection serves no other request after this one, whatever becomes of it.
    private func askForTunnel(_ exchange: Exchange, _ framing: RequestFraming) -> Bool {
        exchange.request.tunnel = .webSocket
        // A body would have to be told from the tunnel's bytes.
        if framing.body != .none || exchange.request.contentLength != nil { exchange.fault = .malformed }
        self.framing?.keepAlive = false
        phase = .response
        events.append(.request(Uncounted(exchange), isWhole: false))
        return false
    }

    /// Hands on what the client sends through the tunnel.
    private func passOn() {
        guard let exchange, unread.count > 0 else { return }
        let bytes = unread
        lent = input.count
        exchange.requestBodyReceived += bytes.count
        events.append(.body(Uncounted(exchange), bytes))
    }

    private func parseBody() -> Bool {
        guard let exchange else { return false }
        do {
            let (consumed, piece) = try decoder.next(unread, trailers: &exchange.requestTrailers)
            let start = lent
            lent += consumed
            switch piece {
            case .needsMore: return false
            case .data(let range):
                guard budget.spend(range.count < Self.crumb ? 1 : -1) else { return giveUp(exchange) }
                exchange.requestBodyReceived += range.count
                if let limit = limits.bodyBytes, exchange.requestBodyReceived > limit {
                    exchange.requestBodyConsumed = exchange.requestBodyReceived
                    exchange.fault = .bodyTooLarge
                    phase = .response
                    events.append(.requestTooLarge(Uncounted(exchange)))
                    return false
                }
                events.append(
                    .body(Uncounted(exchange), input.readable.part(start + range.lowerBound, start + range.upperBound)))
                return true
            case .end:
                phase = .response
                events.append(.requestEnded(Uncounted(exchange)))
                return false
            }
        } catch {
            // Where the next request would begin isn't known.
            return giveUp(exchange)
        }
    }

    /// The connection ends with what is on its way.
    private func giveUp(_ exchange: Exchange) -> Bool {
        phase = .done
        events.append(.closed(Uncounted(exchange)))
        return false
    }

    private func begin() -> Exchange {
        let taken = pool.take()
        let exchange = taken.object
        exchange.transport = transport
        exchange.streamID = 1
        exchange.slot = 0
        exchanges.append(taken)
        isChunked = false
        omitsBody = false
        isCloseDelimited = false
        wroteEnd = false
        return exchange
    }

    // MARK: Output

    func sendHead(_ exchange: Exchange) {
        let status = exchange.response.status
        HTTP1Writer.appendStatusLine(status, to: &output)
        var index = 0
        while index < exchange.response.fields.count {
            HTTP1Writer.appendField(
                name: exchange.response.fields.name(index), value: exchange.response.fields.value(index), to: &output)
            index += 1
        }
        if exchange.isTunnel {
            HTTP1Writer.appendEndOfHead(to: &output)
            phase = .tunnel
            return
        }
        let hasContentLength = exchange.response.fields.first(.contentLength) != nil
        omitsBody = exchange.request.method == .head || status == 204 || status == 304
        if !omitsBody, !hasContentLength {
            if exchange.responseEnded, exchange.responseTrailers.count == 0 {
                HTTP1Writer.appendContentLength(exchange.responseBody.count, to: &output)
            } else if framing?.version11 ?? true {
                HTTP1Writer.appendField("transfer-encoding", "chunked", to: &output)
                isChunked = true
            } else {
                framing?.keepAlive = false
                isCloseDelimited = true
            }
        }
        if !keepsAlive(exchange) {
            framing?.keepAlive = false
            HTTP1Writer.appendField("connection", "close", to: &output)
        } else if framing?.version11 == false {
            HTTP1Writer.appendField("connection", "keep-alive", to: &output)
        }
        HTTP1Writer.appendEndOfHead(to: &output)
    }

    func sendInformational(_ exchange: Exchange, status: Int, fields: borrowing HeaderBlock) {
        guard framing?.version11 ?? false, !exchange.responseStarted else { return }
        HTTP1Writer.appendStatusLine(status, to: &output)
        var index = 0
        while index < fields.count {
            HTTP1Writer.appendField(name: fields.name(index), value: fields.value(index), to: &output)
            index += 1
        }
        HTTP1Writer.appendEndOfHead(to: &output)
    }

    @discardableResult
    func collect(into out: inout ByteQueue, upTo limit: Int) -> Bool {
        out.append(output.readable)
        output.removeAll(keepingAtMost: 4096)
        // What came before the tunnel was open. Not sooner: the events are taken before anything more is received.
        if phase == .tunnel { passOn() }
        guard let exchange, exchange.responseStarted, !wroteEnd, phase != .done else { return false }
        let length = min(exchange.responseBody.count, max(0, limit - out.count))
        if length > 0 {
            let part = exchange.responseBody.readable.part(0, length)
            if isChunked {
                HTTP1Writer.appendChunk(part, to: &out)
            } else if !omitsBody {
                out.append(part)
            }
            exchange.responseBody.consume(length)
            exchange.responseBodySent += length
            exchange.noteHeldBytes()
        }
        if exchange.responseBody.isEmpty, exchange.responseEnded {
            if isChunked { HTTP1Writer.appendLastChunk(trailers: exchange.responseTrailers, to: &out) }
            wroteEnd = true
            finish(exchange)
        } else if exchange.wantsDrain, exchange.responseBody.count <= responseLowWater {
            exchange.wantsDrain = false
            events.append(.drained(Uncounted(exchange)))
        }
        return wantsToSend
    }

    var wantsToSend: Bool {
        guard output.isEmpty else { return true }
        guard let exchange, exchange.responseStarted, !wroteEnd, phase != .done else { return false }
        return !exchange.responseBody.isEmpty || exchange.responseEnded
    }

    var isFinished: Bool { phase == .done && output.isEmpty }

    private func finish(_ exchange: Exchange) {
        let goesOn = keepsAlive(exchange)
        phase = goesOn ? .head : .done
        events.append(.closed(Uncounted(exchange)))
    }

    /// After an answer before the request's end, the rest of the request would be read in vain: the connection ends.
    private func keepsAlive(_ exchange: Exchange) -> Bool {
        guard let framing, framing.keepAlive, !isDraining, exchange.requestEnded else { return false }
        return exchange.fault == .none
    }

    // MARK: Exchanges

    func resume(_ exchange: Exchange) {}

    func reset(_ exchange: Exchange) {
        guard phase != .done else { return }
        // Without the end that the head promised, the client sees that the response isn't whole.
        endsAbruptly = isCloseDelimited || exchange.isTunnel
        phase = .done
        events.append(.closed(Uncounted(exchange)))
    }

    func finishEarly(_ exchange: Exchange) {}

    func consumed(_ exchange: Exchange, _ length: Int) {
        exchange.requestBodyConsumed += min(length, exchange.requestBodyReceived - exchange.requestBodyConsumed)
    }

    func secondPassed() { budget.secondPassed() }

    /// First call: the next response is the last one. Second call: who hasn't asked by now isn't waited for.
    func drain() {
        if isDraining, phase == .head, input.count == lent { phase = .done }
        isDraining = true
    }

    func sendAway() { phase = .done }

    func abandon() {
        phase = .done
        events.removeAll()
    }

    func release(_ exchange: Uncounted<Exchange>) {
        exchanges.removeAll { $0.pointer == exchange.pointer }
        pool.give(back: exchange)
        guard phase == .head else { return }
        input.consume(lent)
        lent = 0
        parse()
    }
}
