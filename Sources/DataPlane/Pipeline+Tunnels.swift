import HTTPMessages
import HTTPUpstream
import IdentityCore

/// WebSockets: requests that become tunnels, where their route allows it. Until then they go the way of all others.
extension DataPlaneWorker {
    /// Refuses what no upstream is to be asked for, and takes the client's words for it off the request.
    func checkTunnel(_ context: RequestContext) throws(Rejection) {
        let exchange = context.exchange
        guard exchange.request.tunnel == .webSocket else { throw Rejection(.protocolUnsupported) }
        switch context.endpoint {
        case .upstream(let route), .portalPath(let route?):
            guard route.allowsWebSocket else { throw Rejection(.webSocketNotAllowed) }
        default: throw Rejection(.webSocketNotAllowed)
        }
        guard let version = only("sec-websocket-version", exchange.request), version.equals("13") else {
            throw Rejection(.requestMalformed)
        }
        var key: WebSocketKey?
        if exchange.request.method != .connect {  // Over HTTP/2 there is none (RFC 8441, 5).
            key = only("sec-websocket-key", exchange.request).flatMap { WebSocketKey($0) }
            if key == nil { throw Rejection(.requestMalformed) }
        }
        exchange.request.fields.remove {
            $0.equals("sec-websocket-key") || $0.equals("sec-websocket-version") || $0.equals("sec-websocket-accept")
        }
        context.relay.tunnel = WebSocketTunnel(answering: key)
    }

    /// The value of the one field with this name; nil where there is none, or several.
    private func only(_ name: StaticString, _ request: borrowing RequestHead) -> Bytes? {
        var found: Bytes?
        for index in 0..<request.fields.count where request.fields.name(index).equals(name) {
            if found != nil { return nil }
            found = request.fields.value(index)
        }
        return found
    }

    /// A session's cookie goes along with whatever a browser sends, and no rule of browsers keeps a page of another
    /// origin from reading what a WebSocket brings: there, a cookie speaks for nobody.
    func checkSessionOrigin(_ context: RequestContext) throws(Rejection) {
        if context.exchange.request.tunnel != .none, !context.allowedOrigin.isEmpty {
            throw Rejection(.originNotAllowed)
        }
    }

    /// The upstream has agreed: the client's answer is the gateway's own.
    func tunnelOpened(_ context: RequestContext, _ tunnel: WebSocketTunnel) {
        counters.webSockets += 1
        counters.webSocketsOpen += 1
        // It may last for days: it doesn't count as a request under way.
        inFlight -= 1
        let exchange = context.exchange
        exchange.response.fields.remove { $0.equals("sec-websocket-accept") }
        guard let accept = tunnel.clientAccept else {
            exchange.response.status = 200
            return
        }
        exchange.response.status = 101
        exchange.response.fields.append("upgrade", "websocket")
        exchange.response.fields.append("connection", "upgrade")
        accept.withUnsafeBytes { exchange.response.fields.append("sec-websocket-accept", $0) }
    }
}
