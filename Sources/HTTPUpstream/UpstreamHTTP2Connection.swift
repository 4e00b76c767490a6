import EventLoop
import HTTP1Codec
import HTTP2Engine
import HTTPMessages
import TLSEngine

/// One HTTP/2 connection to an upstream: many requests at a time.
///
/// connecting ─▶ handshaking (TLS) ─▶ open ─▶ closed
///
/// Once the server says GOAWAY, or the address goes, it takes no new requests, and closes with the last one.
final class UpstreamHTTP2Connection: SocketOwner {
    private enum Phase { case connecting, handshaking, open, closed }

    var isDirty = false
    let endpoint: UpstreamEndpoint

    private let link: UpstreamLink
    private let pool: UpstreamPool
    private let worker: UpstreamWorker
    private let session: HTTP2ClientSession?
    private var phase = Phase.connecting
    private var streams: [UpstreamStream] = []
    private var unsent = ByteQueue()
    private var deadline: UInt64
    private var isRetired = false
    private var hasParkedInput = false
    private var events: [HTTP2ClientEvent] = []

    private static let outputHighWater = 64 * 1024
    /// Requests that wait while the connection is being made: more take another.
    private static let maxWaitingForConnect = 100

    init(_ link: UpstreamLink, endpoint: UpstreamEndpoint, pool: UpstreamPool, worker: UpstreamWorker) {
        self.link = link
        self.endpoint = endpoint
        self.pool = pool
        self.worker = worker
        var limits = HTTP2Limits()
        limits.concurrentStreams = 100
        session = HTTP2ClientSession(limits: limits)
        deadline = worker.loop.now + UInt64(pool.target.connectSeconds * 1000)
        link.handle.owner = self
        link.handle.watch(readable: false, writable: true)
    }

    private func after(_ seconds: Double) -> UInt64 { worker.loop.now + UInt64(seconds * 1000) }

    // MARK: Requests

    var takesRequests: Bool {
        switch phase {
        case .connecting, .handshaking: streams.count < Self.maxWaitingForConnect && !isRetired
        case .open: !isRetired && session?.takesRequests ?? false
        case .closed: false
        }
    }

    func begin(_ relay: Relay) {
        let stream = UpstreamStream(relay, on: self)
        stream.wire.owner = stream
        relay.stream = stream
        streams.append(stream)
        pool.requestBegan(at: endpoint)
        if phase == .open { submit(stream) }
    }

    private func submit(_ stream: UpstreamStream) {
        stream.deadline = after(pool.target.responseHeaderSeconds)
        var isAccepted = false
        stream.relay.withRequest { head, received in
            stream.wire.body.append(received)
            if stream.relay.requestIsSent {
                stream.relay.copyTrailers(into: &stream.wire.trailers)
                stream.wire.bodyEnded = true
            }
            isAccepted = session?.submit(stream.wire, head: head, isTLS: link.isTLS) ?? false
        }
        stream.isSubmitted = isAccepted
        guard isAccepted else {
            stream.relay.takeBack(body: stream.wire.body.readable)
            return fail(stream, .unreachable, .asNew)
        }
        worker.markDirty(self)
    }

    func bodyCame(_ stream: UpstreamStream) {
        guard stream.isSubmitted, !stream.isOver else { return }
        if !stream.sawResponse { stream.deadline = after(pool.target.responseHeaderSeconds) }
        session?.resume(stream.wire)
        worker.markDirty(self)
    }

    func resume(_ stream: UpstreamStream) {
        guard stream.heldBack > 0, !stream.isOver else { return }
        session?.consumed(stream.wire, stream.heldBack)
        stream.heldBack = 0
        stream.deadline = after(pool.target.idleSeconds)
        worker.markDirty(self)
    }

    /// The client has gone: the response is of no use to anyone.
    func abandon(_ stream: UpstreamStream) {
        guard !stream.isOver else { return }
        letGo(stream)
        if stream.isSubmitted { session?.cancel(stream.wire) }
        worker.markDirty(self)
        closeIfDone()
    }

    private func letGo(_ stream: UpstreamStream) {
        stream.isOver = true
        stream.wire.owner = nil
        stream.relay.stream = nil
        streams.removeAll { $0 === stream }
        pool.requestEnded(at: endpoint)
        if streams.isEmpty { deadline = after(pool.target.idleSeconds) }
        if phase == .open { worker.markWaiting(pool) }
    }

    private func fail(_ stream: UpstreamStream, _ failure: UpstreamFailure, _ repetition: Relay.Repetition) {
        guard !stream.isOver else { return }
        let relay = stream.relay
        letGo(stream)
        relay.connectionFailed(failure, at: endpoint, repetition)
    }

    // MARK: Socket

    func socketReady(readable: Bool, writable: Bool) {
        switch phase {
        case .connecting:
            guard StreamSocket.pendingError(link.handle.socket) == 0 else { return connectFailed(.unreachable) }
            phase = .handshaking
            shakeHands()
        case .handshaking: shakeHands()
        case .open:
            if writable, !unsent.isEmpty { flush() }
            if readable, phase == .open { read() }
        case .closed: break
        }
    }

    private func shakeHands() {
        switch link.handshake() {
        case .done(let isHTTP2):
            guard isHTTP2 || !link.isTLS, session != nil else { return connectFailed(.unreachable) }
            phase = .open
            deadline = after(pool.target.idleSeconds)
            for stream in streams { submit(stream) }
            worker.markDirty(self)
            updateWatch()
        case .wantsRead: link.handle.watch(readable: true, writable: false)
        case .wantsWrite: link.handle.watch(readable: false, writable: true)
        case .failed: connectFailed(.unreachable)
        }
    }

    private func connectFailed(_ failure: UpstreamFailure) {
        pool.noteConnectFailure(endpoint, failure, link.verificationFailure)
        let waiting = streams
        close()
        for stream in waiting {
            let relay = stream.relay
            letGo(stream)
            pool.tryElsewhere(relay, endpoint, failure)
        }
    }

    private func updateWatch() {
        guard phase == .open else { return }
        link.handle.watch(readable: true, writable: !unsent.isEmpty)
    }

    private func read() {
        var reads = 0
        hasParkedInput = false
        while phase == .open {
            guard reads < 4 else {
                hasParkedInput = link.isTLS
                if hasParkedInput { worker.markDirty(self) }
                return
            }
            reads += 1
            let buffer = worker.readBuffer
            switch link.read(into: buffer) {
            case .done(let count):
                let goesOn = session?.receive(Bytes(rebasing: buffer[..<count])) ?? false
                handleEvents()
                guard goesOn else { return breakOff(.malformed) }
                if session?.wantsToSend ?? false { worker.markDirty(self) }
                guard phase == .open, link.mayHaveMore(after: count, of: buffer.count) else { return closeIfDone() }
            case .wouldBlock: return
            case .closed, .failed: return breakOff(.unreachable)
            }
        }
    }

    func flush() {
        isDirty = false
        guard phase == .open, let session else { return }
        if hasParkedInput { read() }
        guard phase == .open else { return }
        var mayHaveMore = true
        while mayHaveMore || !unsent.isEmpty {
            if unsent.isEmpty { mayHaveMore = session.collect(into: &unsent, upTo: 64 * 1024) }
            while !unsent.isEmpty {
                switch link.write(unsent.readable) {
                case .done(let count): unsent.consume(count)
                case .wouldBlock:
                    handleEvents()
                    return updateWatch()
                case .closed, .failed: return breakOff(.unreachable)
                }
            }
        }
        unsent.removeAll(keepingAtMost: 4096)
        handleEvents()
        updateWatch()
        closeIfDone()
    }

    // MARK: Events

    private func handleEvents() {
        guard let session else { return }
        while session.takeEvents(into: &events) {
            let due = events
            events.removeAll(keepingCapacity: true)
            for event in due { handle(event) }
        }
    }

    private func handle(_ event: HTTP2ClientEvent) {
        switch event {
        case .informational(let wire, let interim):
            guard let stream = stream(of: wire) else { return }
            stream.sawResponse = true
            stream.relay.informational(interim.head.status, interim.head.fields)
        case .head(let wire):
            guard let stream = stream(of: wire) else { return }
            stream.sawResponse = true
            stream.deadline = after(pool.target.idleSeconds)
            pool.noteSuccess(endpoint)
            stream.relay.responseHead(wire.response)
            stream.relay.responseArrived()
        case .body(let wire, let bytes):
            guard let stream = stream(of: wire) else { return }
            stream.deadline = after(pool.target.idleSeconds)
            stream.relay.responseBody(bytes)
            if stream.relay.isFull() {
                stream.heldBack += bytes.count
            } else {
                session?.consumed(wire, bytes.count)
                worker.markDirty(self)
            }
            stream.relay.responseArrived()
        case .ended(let wire):
            guard let stream = stream(of: wire) else { return }
            let relay = stream.relay
            relay.takeTrailers(wire.responseTrailers)
            let isRequestWhole = wire.bodyEnded && wire.body.isEmpty
            letGo(stream)
            // The rest of the request would be sent in vain.
            if !isRequestWhole { session?.cancel(wire) }
            relay.responseEnded()
        case .sent(let wire):
            guard let stream = stream(of: wire), wire.body.count < Self.outputHighWater else { return }
            stream.relay.bodyWasSent()
        case .closed(let wire, let end):
            guard let stream = stream(of: wire) else { return }
            fail(stream, end == .malformed ? .malformed : .unreachable, repetition(stream, end))
        }
    }

    private func repetition(_ stream: UpstreamStream, _ end: HTTP2StreamEnd) -> Relay.Repetition {
        guard !stream.sawResponse else { return .never }
        return switch end {
        case .refused: .refused
        case .broken: .ifHarmless
        case .orderly, .malformed: .never
        }
    }

    private func stream(of wire: HTTP2ClientStream) -> UpstreamStream? {
        guard let owner = wire.owner else { return nil }
        let stream = unsafeDowncast(owner, to: UpstreamStream.self)
        return stream.isOver ? nil : stream
    }

    // MARK: Ends

    /// The connection is gone, and with it all that was under way.
    private func breakOff(_ failure: UpstreamFailure) {
        guard phase != .closed else { return }
        handleEvents()
        let broken = streams
        if !broken.isEmpty { pool.noteFailure(endpoint, failure) }
        close()
        for stream in broken {
            fail(stream, failure, stream.sawResponse || failure == .malformed ? .never : .ifHarmless)
        }
    }

    func checkTimeouts(now: UInt64) {
        switch phase {
        case .connecting, .handshaking:
            if now >= deadline { connectFailed(.timeout) }
        case .open:
            session?.secondPassed()
            if streams.isEmpty, now >= deadline { return close() }
            for stream in streams where now >= stream.deadline && stream.heldBack == 0 {
                // A client that is slow to send its request is the client side's affair.
                if !stream.sawResponse, !stream.wire.bodyEnded, stream.wire.body.isEmpty { continue }
                pool.noteFailure(endpoint, .timeout)
                session?.cancel(stream.wire)
                worker.markDirty(self)
                fail(stream, .timeout, .never)
            }
        case .closed: break
        }
    }

    /// Takes no new requests, and closes when it has none.
    func retire() {
        isRetired = true
        closeIfDone()
    }

    private func closeIfDone() {
        guard phase == .open else { return }
        // The session has found fault with the server, and has said so.
        if session?.isFinished ?? true { return breakOff(.malformed) }
        if isRetired, streams.isEmpty { close() }
    }

    private func close() {
        guard phase != .closed else { return }
        phase = .closed
        link.close()
        pool.remove(self)
    }
}
