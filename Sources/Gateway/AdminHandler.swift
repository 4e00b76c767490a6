import Console
import ControlPlane
import EventLoop
import HTTPMessages
import Synchronization

/// Answers the admin listener: whether the process is alive and whether it wants traffic, at once; what it has counted,
/// the admin API and the console from Swift concurrency, whose answers come back through the thread's mailbox.
final class AdminHandler: ExchangeHandler {
    private let status: GatewayStatus
    private let router: AdminRouter
    private let console: Console
    private let metrics: @Sendable () async -> String
    private let mailbox: Mailbox
    /// The exchanges that somebody works on elsewhere: by number, as exchanges themselves are used again.
    private var calls: [Int: Exchange] = [:]
    private var lastNumber = 0

    /// - Parameter metrics: adds up what there is to tell at this moment.
    init(
        status: GatewayStatus, router: AdminRouter, console: Console, mailbox: Mailbox,
        metrics: @escaping @Sendable () async -> String
    ) {
        self.status = status
        self.router = router
        self.console = console
        self.metrics = metrics
        self.mailbox = mailbox
    }

    func requestReceived(_ exchange: Exchange) {
        exchange.context = nil
        let path = exchange.request.path
        let method = exchange.request.method
        switch exchange.fault {
        case .none: break
        case .malformed:
            return send(AdminProblem(.requestMalformed, "the request can't be read").response, on: exchange)
        case .headersTooLarge:
            return send(AdminProblem(.headersTooLarge, "the request's head is too large").response, on: exchange)
        case .bodyTooLarge:
            return send(AdminProblem(.bodyTooLarge, "the request's body is too large").response, on: exchange)
        }
        if AdminRouter.owns(path.string) {
            begin(exchange, router.respond)
        } else if Console.owns(path.string) {
            begin(exchange, console.respond)
        } else if !(method == .get || method == .head) {
            answer(exchange, 400, "bad request\n")
        } else if path.equals("/healthz") {
            answer(exchange, 200, "ok\n")
        } else if path.equals("/readyz") {
            let state = status.readiness
            if state == .ready, status.isOutdated {
                answer(exchange, 503, "outdated\n")
            } else if state == .ready, status.isOutOfMemory {
                answer(exchange, 503, "memory\n")
            } else {
                answer(exchange, state == .ready ? 200 : 503, "\(state.rawValue)\n")
            }
        } else if path.equals("/metrics") {
            begin(exchange) { [metrics] _ in
                AdminResponse(
                    200, type: "text/plain; version=0.0.4; charset=utf-8", body: .whole(Array(await metrics().utf8)))
            }
        } else {
            answer(exchange, 404, "not found\n")
        }
    }

    func requestBody(_ exchange: Exchange, _ bytes: Bytes) {
        guard let call = exchange.context as? Call, !exchange.responseStarted else {
            exchange.transport?.consumed(exchange, bytes.count)
            return
        }
        call.pending += bytes.count
        call.body.add(Array(bytes))
    }

    func requestTooLarge(_ exchange: Exchange) {
        (exchange.context as? Call)?.body.fail(AdminProblem(.bodyTooLarge, "the request's body is too large"))
    }

    func requestEnded(_ exchange: Exchange) { (exchange.context as? Call)?.body.end() }

    func responseDrained(_ exchange: Exchange) {
        if let call = exchange.context as? Call, call.parts != nil { pull(call) }
    }

    func exchangeEnded(_ exchange: Exchange) {
        guard let call = exchange.context as? Call else { return }
        calls[call.number] = nil
        exchange.context = nil
        call.parts = nil
        call.task?.cancel()
        call.body.fail(AdminProblem(.requestMalformed, "the request was broken off"))
    }

    // MARK: Work elsewhere

    private final class Call {
        let number: Int
        let body: RequestBody
        var task: Task<Void, Never>?
        /// Body bytes that the client has no credit back for yet.
        var pending = 0
        /// Where the rest of the response comes from.
        var parts: (@Sendable () async throws -> [UInt8]?)?

        init(number: Int, body: RequestBody) {
            self.number = number
            self.body = body
        }
    }

    private func begin(
        _ exchange: Exchange, _ respond: @escaping @Sendable (AdminRequest) async -> AdminResponse
    ) {
        lastNumber += 1
        let number = lastNumber
        let handler = WorkerBound(self)
        let body = RequestBody { [mailbox] count in
            mailbox.post { handler.value.bodyTaken(number, count) }
        }
        let call = Call(number: number, body: body)
        calls[number] = exchange
        exchange.context = call
        let request = request(exchange, body)
        // A body that came in the same read is delivered after this call, though its end is known already.
        if exchange.requestEnded, exchange.requestBodyReceived == 0 { body.end() }
        call.task = Task { [mailbox] in
            let response = await respond(request)
            mailbox.post { handler.value.answer(number, response) }
        }
    }

    private func request(_ exchange: Exchange, _ body: RequestBody) -> AdminRequest {
        var fields: [(name: String, value: String)] = []
        for index in 0..<exchange.request.fields.count {
            fields.append((exchange.request.fields.name(index).string, exchange.request.fields.value(index).string))
        }
        return AdminRequest(
            method: exchange.request.methodName.string, target: exchange.request.target.string, fields: fields,
            authority: exchange.request.authority.string, address: exchange.transport?.peer.address ?? "", body: body)
    }

    private func bodyTaken(_ number: Int, _ count: Int) {
        guard let exchange = calls[number], let call = exchange.context as? Call else { return }
        let credit = min(count, call.pending)
        call.pending -= credit
        exchange.transport?.consumed(exchange, credit)
    }

    private func answer(_ number: Int, _ response: AdminResponse) {
        guard let exchange = calls[number], let call = exchange.context as? Call else { return }
        // What nobody asked for is dropped, and so is what comes from now on.
        let rest = call.pending
        call.pending = 0
        send(response, on: exchange)
        if rest > 0 { exchange.transport?.consumed(exchange, rest) }
        if call.parts != nil { pull(call) }
    }

    private func send(_ response: AdminResponse, on exchange: Exchange) {
        exchange.response.status = response.status
        for field in response.fields { exchange.response.fields.append(field.name, field.value) }
        let isHead = exchange.request.method == .head
        switch response.body {
        case .whole(let bytes):
            if response.status != 204 { exchange.response.fields.append("content-length", String(bytes.count)) }
            if !isHead { exchange.responseBody.append(bytes) }
            exchange.responseEnded = true
        case .parts(let parts):
            exchange.responseEnded = isHead
            if !isHead { (exchange.context as? Call)?.parts = parts }
        }
        exchange.transport?.sendHead(exchange)
    }

    /// Asks for the next part of a response.
    private func pull(_ call: Call) {
        guard let parts = call.parts else { return }
        let number = call.number
        let handler = WorkerBound(self)
        call.task = Task { [mailbox] in
            do {
                let part = try await parts()
                mailbox.post { handler.value.deliver(number, part) }
            } catch {
                mailbox.post { handler.value.breakOff(number) }
            }
        }
    }

    private func deliver(_ number: Int, _ part: [UInt8]?) {
        guard let exchange = calls[number], let call = exchange.context as? Call else { return }
        if let part {
            exchange.responseBody.append(part)
            exchange.wantsDrain = true
        } else {
            call.parts = nil
            exchange.responseEnded = true
        }
        exchange.transport?.sendBody(exchange)
    }

    private func breakOff(_ number: Int) {
        guard let exchange = calls[number] else { return }
        exchange.transport?.abort(exchange)
    }

    // MARK: Answers at once

    private func answer(
        _ exchange: Exchange, _ status: Int, _ text: String, type: StaticString = "text/plain; charset=utf-8"
    ) {
        exchange.response.status = status
        exchange.response.fields.append("content-type", type)
        exchange.response.fields.append("cache-control", "no-store")
        exchange.response.fields.append("content-length", String(text.utf8.count))
        if exchange.request.method != .head { exchange.responseBody.append(text) }
        exchange.responseEnded = true
        exchange.transport?.sendHead(exchange)
    }
}

/// What the admin listener tells: written by the control plane, read by the admin thread.
final class GatewayStatus: Sendable {
    enum Readiness: String, Sendable { case starting, ready, draining }

    private let state = Mutex(Readiness.starting)
    private let outdated = Atomic(false)
    private let memory = Atomic(false)

    /// Whether nothing new is taken on for want of memory.
    var isOutOfMemory: Bool {
        get { memory.load(ordering: .relaxed) }
        set { memory.store(newValue, ordering: .relaxed) }
    }

    var readiness: Readiness {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }

    /// A newer release has left the storage in a form that this one can't work with.
    var isOutdated: Bool {
        get { outdated.load(ordering: .relaxed) }
        set { outdated.store(newValue, ordering: .relaxed) }
    }
}
