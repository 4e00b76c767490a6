package import HTTPMessages

/// Puts one of the demo's sites on a worker: collects a request, answers it whole.
package final class DemoHandler: ExchangeHandler {
    /// More than any request to the demo needs.
    private static let maximumBody = 64 * 1024

    private let site: any DemoSite

    package init(site: any DemoSite) { self.site = site }

    package func requestReceived(_ exchange: Exchange) {
        let context = Context.of(exchange)
        context.body.removeAll(keepingCapacity: true)
        switch exchange.fault {
        case .none:
            // A body that came in the same read is delivered after this call, though its end is known already.
            if exchange.requestEnded, exchange.requestBodyReceived == 0 { answer(exchange) }
        case .malformed: send(.problem(400, "the request can't be read"), on: exchange)
        case .headersTooLarge: send(.problem(431, "the request's head is too large"), on: exchange)
        case .bodyTooLarge: send(.problem(413, "the request's body is too large"), on: exchange)
        }
    }

    package func requestBody(_ exchange: Exchange, _ bytes: Bytes) {
        if !exchange.responseStarted {
            let context = Context.of(exchange)
            if context.body.count + bytes.count > DemoHandler.maximumBody {
                send(.problem(413, "the request's body is too large"), on: exchange)
            } else {
                context.body.append(contentsOf: bytes)
            }
        }
        exchange.transport?.consumed(exchange, bytes.count)
    }

    package func requestTooLarge(_ exchange: Exchange) {
        if !exchange.responseStarted { send(.problem(413, "the request's body is too large"), on: exchange) }
    }

    package func requestEnded(_ exchange: Exchange) {
        if !exchange.responseStarted { answer(exchange) }
    }

    package func responseDrained(_ exchange: Exchange) {}

    package func exchangeEnded(_ exchange: Exchange) { Context.of(exchange).body.removeAll() }

    private func answer(_ exchange: Exchange) {
        var fields: [(name: String, value: String)] = []
        for index in 0..<exchange.request.fields.count {
            fields.append((exchange.request.fields.name(index).string, exchange.request.fields.value(index).string))
        }
        let request = DemoRequest(
            method: exchange.request.methodName.string, target: exchange.request.target.string, fields: fields,
            body: Context.of(exchange).body)
        send(site.respond(to: request), on: exchange)
    }

    private func send(_ response: DemoResponse, on exchange: Exchange) {
        exchange.response.status = response.status
        for field in response.fields { exchange.response.fields.append(field.name, field.value) }
        if exchange.request.method != .head { exchange.responseBody.append(response.body) }
        exchange.responseEnded = true
        exchange.transport?.sendHead(exchange)
    }

    /// What has come of a request's body.
    private final class Context {
        var body: [UInt8] = []

        static func of(_ exchange: Exchange) -> Context {
            if let known = exchange.context as? Context { return known }
            let fresh = Context()
            exchange.context = fresh
            return fresh
        }
    }
}
