import EventLoop
import HTTPMessages

/// Asks one address now and then whether it is well: an exchange of its own, relayed as any request is.
final class HealthCheck: ExchangeTransport, RelayOwner {
    let peer = PeerInformation(address: "127.0.0.1", addressBytes: [127, 0, 0, 1], isTLS: false, httpVersion: 1)

    private unowned let endpoint: UpstreamEndpoint
    private unowned let pool: UpstreamPool
    private let policy: HealthCheckPolicy
    private let exchange = Exchange()
    private let relay: Relay
    private var isUnderWay = false
    private var dueAt: UInt64
    private var deadline: UInt64 = 0

    init(of endpoint: UpstreamEndpoint, _ policy: HealthCheckPolicy, pool: UpstreamPool, firstAfter seconds: Double) {
        self.endpoint = endpoint
        self.policy = policy
        self.pool = pool
        relay = Relay(exchange: exchange)
        relay.pinned = endpoint
        dueAt = pool.worker.loop.now + UInt64(seconds * 1000)
    }

    func tick(now: UInt64) {
        if isUnderWay, now >= deadline { return end(isWell: false) }
        guard !isUnderWay, now >= dueAt else { return }
        isUnderWay = true
        deadline = now + UInt64(policy.timeoutSeconds * 1000)
        // A little more or less each time, so that workers don't ask together.
        dueAt = now + UInt64(policy.everySeconds * 1000 * Double.random(in: 0.9...1.1))
        exchange.recycle()
        exchange.transport = self
        exchange.request.setMethod(staticBytes("GET"))
        exchange.requestEnded = true
        relay.start(on: pool, owner: self, received: Bytes(start: nil, count: 0)) { head in
            head.append("GET ")
            head.append(policy.path)
            head.append(" HTTP/1.1\r\nhost: ")
            head.append(pool.target.authority)
            head.append("\r\nuser-agent: widget-gateway-health\r\n")
        }
    }

    func cancel() {
        isUnderWay = false
        relay.cancel()
    }

    private func end(isWell: Bool) {
        guard isUnderWay else { return }
        isUnderWay = false
        relay.cancel()
        pool.checked(endpoint, isWell: isWell, policy)
    }

    private func take(_ exchange: Exchange) {
        exchange.responseBody.removeAll()
        if exchange.responseEnded { end(isWell: (200..<400).contains(exchange.response.status)) }
        if exchange.wantsDrain {
            exchange.wantsDrain = false
            relay.responseDrained()
        }
    }

    // MARK: ExchangeTransport

    func sendHead(_ exchange: Exchange) { take(exchange) }
    func sendInformational(_ exchange: Exchange, status: Int, fields: borrowing HeaderBlock) {}
    func sendBody(_ exchange: Exchange) { take(exchange) }
    func abort(_ exchange: Exchange) {}
    func consumed(_ exchange: Exchange, _ length: Int) {}

    // MARK: RelayOwner

    func relayWillSendHead(_ relay: Relay) {}
    func relayFailed(_ relay: Relay, _ failure: UpstreamFailure) {
        // That there is no connection to spare says nothing of the address.
        if failure == .overloaded { isUnderWay = false } else { end(isWell: false) }
    }
    func relayBroke(_ relay: Relay, _ failure: UpstreamFailure) { end(isWell: false) }
}
