import EventLoop
import HTTP1Codec
import HTTPMessages
import HTTPUpstream

/// One client's side, by hand: relays requests to an upstream and writes down what comes back.
final class RelayTrial: ExchangeTransport, RelayOwner {
    let loop: EventLoop
    let worker: UpstreamWorker
    let exchange = Exchange()
    let peer = PeerInformation(address: "192.0.2.1", addressBytes: [192, 0, 2, 1], isTLS: true, httpVersion: 2)
    private(set) var outcome = ""
    private(set) var interim: [Int] = []
    private(set) var body: [UInt8] = []
    private(set) var consumed = 0
    /// The client reads nothing while this is false.
    var reads = true
    /// Of its client's connection.
    var requestsUnderWay = 1
    var delivery = Delivery()
    private lazy var relay = Relay(exchange: exchange)
    private var ticks = 0

    /// Another client's side, on the loop of this one.
    func another() -> RelayTrial { RelayTrial(on: self) }

    private init(on other: RelayTrial) {
        loop = other.loop
        worker = other.worker
    }

    init() throws {
        loop = try EventLoop()
        worker = UpstreamWorker(loop: loop)
        loop.onTurnEnd = { [unowned self] in worker.turnEnded() }
        loop.onTick = { [unowned self] in
            worker.tick()
            ticks += 1
            if ticks > 40 { end("nothing") }
        }
    }

    /// A pool of several upstreams, each an address of it.
    func pool(of upstreams: [ScriptedUpstream], _ change: (inout UpstreamTarget) -> Void = { _ in }) -> UpstreamPool {
        var target = UpstreamTarget(
            name: "u", servers: upstreams.map { UpstreamServer($0.address, host: "u") }, authority: "u")
        change(&target)
        return worker.pool(for: target)
    }

    func pool(_ upstream: ScriptedUpstream, _ change: (inout UpstreamTarget) -> Void = { _ in }) -> UpstreamPool {
        var target = UpstreamTarget(name: "u", servers: [UpstreamServer(upstream.address, host: "u")])
        change(&target)
        return worker.pool(for: target)
    }

    /// Sends a request and runs until its end. `body` nil: there is none; else it comes at once, or later.
    func run(_ method: String = "GET", on pool: UpstreamPool, body: String? = nil, isWhole: Bool = true) {
        begin(method, on: pool, body: body, isWhole: isWhole)
        loop.run()
    }

    func begin(_ method: String = "GET", on pool: UpstreamPool, body: String? = nil, isWhole: Bool = true) {
        exchange.recycle()
        exchange.transport = self
        self.body = []
        outcome = ""
        ticks = 0
        method.utf8CString.withUnsafeBytes { exchange.request.setMethod(Bytes(rebasing: $0.dropLast())) }
        exchange.requestEnded = isWhole
        let bytes = Array((body ?? "").utf8)
        exchange.requestBodyReceived = bytes.count
        bytes.withUnsafeBytes { bytes in
            relay.start(on: pool, owner: self, received: bytes) { head in
                head.append("\(method) / HTTP/1.1\r\nhost: u\r\n")
            }
        }
    }

    /// Runs the loop until `condition` holds, at the end of a tick, or for ten seconds.
    func turn(until condition: @escaping () -> Bool) {
        let onTick = loop.onTick
        ticks = 0
        loop.onTick = { [unowned self] in
            onTick?()
            if condition() { loop.stop() }
        }
        loop.run()
        loop.onTick = onTick
    }

    /// Lets one tick pass.
    func pause() { turn { true } }

    func send(_ text: String) {
        exchange.requestBodyReceived += text.utf8.count
        Array(text.utf8).withUnsafeBytes { relay.requestBody($0) }
    }

    func endRequest() {
        exchange.requestEnded = true
        relay.requestEnded()
    }

    func cancel() { relay.cancel() }

    private func end(_ outcome: String) {
        self.outcome = outcome
        loop.stop()
    }

    private func take() {
        guard reads else { return }
        body += exchange.responseBody.readable
        exchange.responseBody.removeAll()
        if exchange.responseEnded { return end("\(exchange.response.status)") }
        if exchange.wantsDrain {
            exchange.wantsDrain = false
            relay.responseDrained()
        }
    }

    func readOn() {
        reads = true
        take()
    }

    // MARK: ExchangeTransport

    func sendHead(_ exchange: Exchange) {
        exchange.responseStarted = true
        take()
    }

    func sendInformational(_ exchange: Exchange, status: Int, fields: borrowing HeaderBlock) { interim.append(status) }
    func sendBody(_ exchange: Exchange) { take() }
    func abort(_ exchange: Exchange) { end("aborted") }

    func consumed(_ exchange: Exchange, _ length: Int) {
        exchange.requestBodyConsumed += length
        consumed += length
    }

    // MARK: RelayOwner

    func relayWillSendHead(_ relay: Relay) {}
    func relayFailed(_ relay: Relay, _ failure: UpstreamFailure) { end("\(failure)") }
    func relayBroke(_ relay: Relay, _ failure: UpstreamFailure) { end("broke: \(failure)") }
}
