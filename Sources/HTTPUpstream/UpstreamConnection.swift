import EventLoop
import HTTP1Codec
import HTTPMessages
import TLSEngine

/// One HTTP/1.1 connection to an upstream: one request at a time.
///
/// connecting ─▶ handshaking (TLS) ─▶ busy ─▶ idle ─▶ busy …  ─▶ closed
///
/// Where the client goes before the response is complete, the connection stays busy for a moment (`remainder`).
final class UpstreamConnection: SocketOwner {
    private enum Phase { case connecting, handshaking, busy, idle, closed }

    var slot = 0
    var isDirty = false
    /// Whether it has served a request before: then the upstream may have closed it while the next was on its way.
    private(set) var wasUsed = false

    let endpoint: UpstreamEndpoint
    private let link: UpstreamLink
    private let handle: IOHandle
    private let pool: UpstreamPool
    private let worker: UpstreamWorker
    private var phase = Phase.connecting
    /// It lets go of this connection before it goes itself (`Relay.cancel`), or is let go of (`finished`, `close`).
    private var relay: Uncounted<Relay>?
    /// What is read for nobody, the client having gone. The phase is `busy`, and there is no relay.
    private var remainder: ResponseRemainder?
    /// It counts as a request under way.
    private var holdsPlace = false
    /// For a WebSocket: it serves no request before, and none after.
    let isTunnel: Bool
    /// Nothing more is written, once what there is has gone.
    private var finishesWriting = false
    private var tunnelIsOpen = false
    private var idleMilliseconds: UInt64
    private let responseHeaderMilliseconds: UInt64
    /// What the socket didn't take yet.
    private var output = ByteQueue()
    /// The beginning of a head that isn't complete.
    private var input = ByteQueue()
    private var parser = ResponseHeadParser(limits: HTTP1Limits())
    private var decoder = BodyDecoder(.none, limits: HTTP1Limits())
    private var head = ResponseHead()
    private var framing: ResponseFraming?
    private var isPaused = false
    /// The upstream has begun to answer this request.
    private var sawResponse = false
    /// Something of this request has gone out. Until then the upstream can't have acted upon it, nor answered it.
    private var isOnWire = false
    /// The socket has been given something of this request, whether or not it took any.
    private var isTouched = false
    /// TLS has input that was left there: the socket won't say so.
    private var hasParkedInput = false
    /// A write has failed: what reading says of the connection's end can't be trusted.
    private var isBroken = false
    private var deadline: UInt64 = 0

    /// How long a connection may still take to be made when nobody waits for it any more.
    private static let spareMilliseconds: UInt64 = 1000
    /// Body bytes that wait to be sent to the upstream before the client gets no more credit.
    private static let outputHighWater = 64 * 1024
    /// How long an upstream may be silent once the client has closed its side of a tunnel.
    private static let halfClosedMilliseconds: UInt64 = 10_000

    init(
        _ link: UpstreamLink, endpoint: UpstreamEndpoint, pool: UpstreamPool, worker: UpstreamWorker, isTunnel: Bool
    ) {
        self.link = link
        self.isTunnel = isTunnel
        handle = link.handle
        self.endpoint = endpoint
        self.pool = pool
        self.worker = worker
        idleMilliseconds = Self.milliseconds(pool.target.idleSeconds)
        responseHeaderMilliseconds = Self.milliseconds(pool.target.responseHeaderSeconds)
        handle.owner = self
        handle.watch(readable: false, writable: true)
        deadline = worker.loop.now + Self.milliseconds(pool.target.connectSeconds)
    }

    private static func milliseconds(_ seconds: Double) -> UInt64 { UInt64(seconds * 1000) }

    // MARK: Request

    func begin(_ relay: Relay) {
        self.relay = Uncounted(relay)
        framing = nil
        isPaused = false
        sawResponse = false
        isOnWire = false
        isTouched = false
        relay.connection = Uncounted(self)
        holdsPlace = true
        pool.requestBegan(at: endpoint)
        guard phase == .idle else {
            deadline = worker.loop.now + Self.milliseconds(pool.target.connectSeconds)
            return
        }
        phase = .busy
        start(relay)
    }

    private func start(_ relay: Relay) {
        deadline = worker.loop.now + responseHeaderMilliseconds
        relay.writeRequest(to: &output)
        worker.markDirty(self)
    }

    /// Takes a part of the request's body, framed already.
    func write(_ body: (inout ByteQueue) -> Void) {
        guard phase == .busy else { return }
        body(&output)
        deadline = worker.loop.now + (framing == nil ? responseHeaderMilliseconds : idleMilliseconds)
        worker.markDirty(self)
    }

    /// Closes this side, once everything that was written has gone.
    func finishWriting() {
        finishesWriting = true
        worker.markDirty(self)
    }

    var isReady: Bool { phase == .busy }

    /// An idle connection that is no good any more, or isn't known to be.
    var isStale: Bool { link.isStale }

    func flush() {
        isDirty = false
        guard phase == .busy else { return }
        if hasParkedInput, !isPaused {
            read()
            guard phase == .busy else { return }
        }
        while !output.isEmpty {
            isTouched = true
            switch link.write(output.readable) {
            case .done(let count):
                output.consume(count)
                isOnWire = true
            case .wouldBlock:
                if output.count < Self.outputHighWater { relay?({ $0.bodyWasSent() }) }
                return updateWatch()
            case .closed, .failed:
                guard isOnWire else { return failed(.unreachable) }
                // The response may have come before the upstream stopped reading: reading tells.
                output.removeAll()
                isBroken = true
                return read()
            }
        }
        output.removeAll(keepingAtMost: 4096)
        if finishesWriting {
            finishesWriting = false
            link.finishWriting()
            shortenPatience()
        }
        relay?({ $0.bodyWasSent() })
        updateWatch()
    }

    // MARK: Socket

    func socketReady(readable: Bool, writable: Bool) {
        if phase == .connecting { return connected() }
        if phase == .handshaking { return shakeHands() }
        if writable, !output.isEmpty { flush() }
        if readable, phase != .closed { read() }
    }

    private func connected() {
        guard StreamSocket.pendingError(handle.socket) == 0 else { return connectFailed(.unreachable) }
        guard !link.isTLS else {
            phase = .handshaking
            return shakeHands()
        }
        isConnected()
    }

    private func shakeHands() {
        switch link.handshake() {
        case .done: isConnected()
        case .wantsRead: handle.watch(readable: true, writable: false)
        case .wantsWrite: handle.watch(readable: false, writable: true)
        case .failed: connectFailed(.unreachable)
        }
    }

    private func isConnected() {
        phase = .busy
        updateWatch()
        if let relay { relay { start($0) } } else { becomeIdle() }
    }

    private func connectFailed(_ failure: UpstreamFailure) {
        pool.noteConnectFailure(endpoint, failure, link.verificationFailure)
        let relay = relay
        close()
        relay?({ pool.tryElsewhere($0, endpoint, failure) })
    }

    private func updateWatch() {
        guard phase == .busy || phase == .idle else { return }
        handle.watch(readable: !isPaused, writable: !output.isEmpty)
    }

    private func read() {
        var reads = 0
        hasParkedInput = false
        repeat {
            let room = min(relay?({ $0.responseRoom }) ?? .max, worker.readBuffer.count)
            let buffer = UnsafeMutableRawBufferPointer(rebasing: worker.readBuffer[..<room])
            switch link.read(into: buffer) {
            case .done(let count):
                received(Bytes(rebasing: buffer[..<count]))
                guard phase != .closed, link.mayHaveMore(after: count, of: buffer.count) else { return }
            case .wouldBlock: return
            case .closed: return inputClosed(cleanly: !isBroken)
            case .failed: return inputClosed(cleanly: false)
            }
            reads += 1
        } while phase == .busy && !isPaused && (reads < 4 || link.isTLS)
        hasParkedInput = link.isTLS
    }

    private func received(_ bytes: Bytes) {
        guard phase == .busy, let relay else { return receivedForNobody(bytes) }
        // An upstream that hasn't been asked yet has nothing to say: whatever it is, it answers another request than this.
        guard isOnWire else { return failed(.unreachable) }
        sawResponse = true
        relay { received(bytes, for: $0) }
        pauseIfFull()
    }

    private func received(_ bytes: Bytes, for relay: Relay) {
        if input.isEmpty {
            let taken = parse(bytes, relay)
            if serves(relay), taken < bytes.count { input.append(bytes.part(taken, bytes.count)) }
        } else {
            input.append(bytes)
            let taken = parse(input.readable, relay)
            input.consume(min(taken, input.count))
        }
        guard serves(relay) else { return }
        // An upstream that drips its head has no more time for it than one that says nothing.
        if framing != nil { deadline = worker.loop.now + idleMilliseconds }
        relay.responseArrived()
    }

    private func serves(_ relay: Relay) -> Bool { phase == .busy && self.relay?.pointer == Uncounted(relay).pointer }

    /// Returns how many bytes are done with.
    private func parse(_ bytes: Bytes, _ relay: Relay) -> Int {
        var position = 0
        do {
            while serves(relay) {
                let rest = bytes.part(position, bytes.count)
                if framing == nil {
                    let method = relay.exchange { $0.request.method }
                    switch try parser.parse(rest, requestMethod: method, into: &head) {
                    case .needsMore: return position
                    case .informational(let consumed, let status):
                        position += consumed
                        if status == 101 {
                            try becomeTunnel(relay)
                        } else {
                            relay.informational(status, head.fields)
                        }
                    case .complete(let consumed, let framing):
                        position += consumed
                        self.framing = framing
                        pool.noteSuccess(endpoint)
                        decoder = BodyDecoder(framing.body, limits: HTTP1Limits())
                        relay.responseHead(head)
                    }
                } else {
                    let (consumed, piece) = try relay.decode(rest, with: &decoder)
                    switch piece {
                    case .needsMore: return position + consumed
                    case .data(let range): relay.responseBody(rest.part(range.lowerBound, range.upperBound))
                    case .end:
                        position += consumed
                        finished(relay, leftOver: bytes.count - position)
                        return bytes.count
                    }
                    position += consumed
                }
            }
        } catch {
            failed(.malformed)
        }
        return position
    }

    /// From a 101 that was asked for on, neither side speaks HTTP: what comes is handed on, until the connection ends.
    private func becomeTunnel(_ relay: Relay) throws(HTTP1Error) {
        guard relay.opensTunnel(head) else { throw .malformed(.statusLine) }
        framing = .switched
        decoder = BodyDecoder(.untilClose, limits: HTTP1Limits())
        pool.noteSuccess(endpoint)
        tunnelIsOpen = true
        holdsPlace = false
        pool.tunnelOpened(at: endpoint)
        idleMilliseconds = Self.milliseconds(pool.target.tunnelIdleSeconds)
        deadline = worker.loop.now + idleMilliseconds
        relay.responseHead(head)
        relay.writeEarly(to: self)
    }

    /// The client's side of the tunnel is closed: the upstream isn't waited for as long as before.
    private func shortenPatience() {
        idleMilliseconds = min(idleMilliseconds, Self.halfClosedMilliseconds)
        deadline = worker.loop.now + idleMilliseconds
    }

    private func finished(_ relay: Relay, leftOver: Int) {
        let isReusable =
            (framing?.keepAlive ?? false) && leftOver == 0 && relay.requestIsSent && output.isEmpty && !isTunnel
        letGo()
        relay.connection = nil
        input.removeAll(keepingAtMost: 0)
        if isReusable {
            wasUsed = true
            phase = .idle
            relay.responseEnded()
            becomeIdle()
        } else {
            relay.responseEnded()
            close()
        }
    }

    private func becomeIdle() {
        phase = .idle
        deadline = worker.loop.now + idleMilliseconds
        isPaused = false
        updateWatch()
        pool.free(self)
    }

    /// - Parameter cleanly: the upstream said that it has sent everything; a reset says nothing of the kind, so that
    ///   it doesn't end a body whose only end is the connection's.
    private func inputClosed(cleanly: Bool) {
        guard phase == .busy, let relay else { return close() }
        guard framing != nil, cleanly else { return failed(framing == nil ? .unreachable : .malformed) }
        do {
            _ = try decoder.inputClosed()
            framing?.keepAlive = false
            relay { finished($0, leftOver: 0) }
        } catch {
            failed(.malformed)
        }
    }

    private func failed(_ failure: UpstreamFailure) {
        guard phase == .busy else { return connectFailed(failure) }
        let relay = relay
        var repetition = Relay.Repetition.never
        if !isOnWire {
            repetition = .asNew
            relay?({ $0.takeBack(output.readable) })
        } else if !sawResponse, failure == .unreachable {
            // Where the upstream may have begun to answer, nothing may be repeated.
            repetition = wasUsed ? .ifHarmless : .elsewhereIfHarmless
        }
        // That a connection has ended between two requests is nobody's fault.
        if isOnWire, sawResponse || !wasUsed || failure != .unreachable { pool.noteFailure(endpoint, failure) }
        close()
        relay?({ $0.connectionFailed(failure, at: endpoint, repetition) })
    }

    // MARK: Nobody's response

    private var remainderIsWorthReading: Bool {
        guard let relay, relay({ $0.requestIsSent }), output.isEmpty, !isTunnel, !isBroken else { return false }
        return ResponseRemainder.isWorthReading(framing, decoder)
    }

    private func readForNobody() {
        guard let relay else { return }
        remainder = ResponseRemainder(to: relay { $0.exchange { $0.request.method } })
        self.relay = nil
        isPaused = false
        deadline = worker.loop.now + Self.milliseconds(pool.target.remainderSeconds)
        pool.abandoned(self)
        if hasParkedInput { worker.markDirty(self) }
        updateWatch()
    }

    private func receivedForNobody(_ bytes: Bytes) {
        guard phase == .busy, remainder != nil else { return close() }  // An idle upstream has nothing to say.
        let hadAnswered = framing != nil
        input.append(bytes)
        let outcome = try? remainder?.read(&input, new: bytes.count, &parser, &head, &framing, &decoder)
        if !hadAnswered, framing != nil { pool.noteSuccess(endpoint) }
        switch outcome {
        case .goesOn: break
        case .ended:
            endRemainder()
            letGo()
            input.removeAll(keepingAtMost: 0)
            wasUsed = true
            becomeIdle()
        case .notWorthIt, nil: close()
        }
    }

    private func endRemainder() {
        guard remainder != nil else { return }
        remainder = nil
        pool.notAbandoned(self)
    }

    // MARK: Backpressure

    private func pauseIfFull() {
        guard phase == .busy, let relay, relay({ $0.isFull() }) else { return }
        isPaused = true
        updateWatch()
    }

    /// The client has read on.
    func resume() {
        guard isPaused else { return }
        isPaused = false
        deadline = worker.loop.now + idleMilliseconds
        if hasParkedInput { worker.markDirty(self) }
        updateWatch()
    }

    // MARK: Ends

    func checkTimeout(now: UInt64) {
        guard now >= deadline, !isPaused else { return }
        switch phase {
        case .idle: close()
        case .connecting where relay == nil, .handshaking where relay == nil: close()
        case .busy where remainder != nil: close()
        case .connecting, .handshaking, .busy:
            // A client that is slow to send its request is the client side's affair.
            if phase == .busy, framing == nil, let relay, !relay({ $0.requestIsSent }), output.isEmpty { return }
            // That nobody says anything is no fault of the upstream.
            if tunnelIsOpen, let relay { return relay { $0.endTunnel(1001, "idle") } }
            failed(.timeout)
        case .closed: break
        }
    }

    /// The client has gone: the response is of no use to anyone. The connection is, where nothing of the request has gone
    /// out, or where little is left to read: whoever makes the gateway drop requests doesn't make it connect anew for each.
    ///
    /// - Parameter isNeeded: somebody waits for this place, so that nothing is read first.
    func abandon(isNeeded: Bool = false) {
        // What is in a tunnel has no end that could be mistaken for a message's, but its upstream is to know.
        if tunnelIsOpen { StreamSocket.resetOnClose(handle.socket) }
        switch phase {
        case .connecting, .handshaking:
            letGo()
            deadline = min(deadline, worker.loop.now + Self.spareMilliseconds)
            if isTunnel || !pool.spare(self) { close() }
        case .busy where !isTouched && !isTunnel:
            letGo()
            output.removeAll(keepingAtMost: 0)
            becomeIdle()
        case .busy where !isNeeded && remainderIsWorthReading: readForNobody()
        case .busy, .idle, .closed: close()
        }
    }

    private func letGo() {
        relay = nil
        guard holdsPlace else { return }
        holdsPlace = false
        pool.requestEnded(at: endpoint)
    }

    func close() {
        guard phase != .closed else { return }
        phase = .closed
        relay?({ $0.connection = nil })
        endRemainder()
        letGo()
        link.close()
        pool.remove(self)
    }
}
