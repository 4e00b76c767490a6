import HTTPMessages
import Synchronization

/// Answers the admin listener: is the process alive, does it want traffic, and what has it counted.
final class AdminHandler: ExchangeHandler {
    private let status: GatewayStatus

    init(status: GatewayStatus) { self.status = status }

    func requestReceived(_ exchange: Exchange) {
        let path = exchange.request.path
        let method = exchange.request.method
        if exchange.fault != .none || !(method == .get || method == .head) {
            answer(exchange, 400, "bad request\n")
        } else if path.equals("/healthz") {
            answer(exchange, 200, "ok\n")
        } else if path.equals("/readyz") {
            let state = status.readiness
            answer(exchange, state == .ready ? 200 : 503, "\(state.rawValue)\n")
        } else if path.equals("/metrics") {
            answer(exchange, 200, status.metrics, type: "text/plain; version=0.0.4; charset=utf-8")
        } else {
            answer(exchange, 404, "not found\n")
        }
    }

    func requestBody(_ exchange: Exchange, _ bytes: Bytes) { exchange.transport?.consumed(exchange, bytes.count) }
    func requestTooLarge(_ exchange: Exchange) {}
    func requestEnded(_ exchange: Exchange) {}
    func responseDrained(_ exchange: Exchange) {}
    func exchangeEnded(_ exchange: Exchange) {}

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

    private let state = Mutex<(readiness: Readiness, metrics: String)>((.starting, ""))

    var readiness: Readiness {
        get { state.withLock { $0.readiness } }
        set { state.withLock { $0.readiness = newValue } }
    }

    var metrics: String {
        get { state.withLock { $0.metrics } }
        set { state.withLock { $0.metrics = newValue } }
    }
}
