import EventLoop
import HTTP2Engine
import HTTPMessages
import TLSEngine

/// One HTTP/2 connection to an upstream: many requests at a time, WebSockets among them.
///
/// connecting ─▶ handshaking (TLS) ─▶ open ─▶ closed
///
/// Once the server says GOAWAY, or the address goes, it takes no new requests, and closes with the last one.
final class UpstreamHTTP2Connection: SocketOwner {
    enum Phase { case connecting, handshaking, open, closed }

    var isDirty = false
    let endpoint: UpstreamEndpoint

    let link: UpstreamLink
    let pool: UpstreamPool
    let worker: UpstreamWorker
    let session: HTTP2ClientSession?
    var phase = Phase.connecting
    private(set) var streams: [UpstreamStream] = []
    /// What the socket didn't take yet.
    var unsent = ByteQueue()
    var deadline: UInt64
    /// TLS has input that was left there: the socket won't say so.
    var hasParkedInput = false
    var events: [HTTP2ClientEvent] = []
    /// Requests for WebSockets wait until the server has said whether it takes any.
    private var hasJudgedWebSockets = false
    private var isRetired = false
    private var windowChangedAt: UInt64

    /// Requests that wait while the connection is being made: more take another.
    private static let maxWaitingForConnect = 100
    /// Windows become larger no more often.
    private static let windowGrowthMilliseconds: UInt64 = 1000

    init(_ link: UpstreamLink, endpoint: UpstreamEndpoint, pool: UpstreamPool, worker: UpstreamWorker) {
        self.link = link
        self.endpoint = endpoint
        self.pool = pool
        self.worker = worker
        var limits = HTTP2Limits()
        limits.concurrentStreams = 100
        limits.streamWindow = ResponseWindow.initial
        session = HTTP2ClientSession(limits: limits)
        deadline = worker.loop.now + UInt64(pool.target.connectSeconds * 1000)
        windowChangedAt = worker.loop.now
        link.handle.owner = self
        link.handle.watch(readable: false, writable: true)
    }

    func after(_ seconds: Double) -> UInt64 { worker.loop.now + UInt64(seconds * 1000) }

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
        if stream.isForTunnel { pool.tunnelStreams += 1 }
        if phase == .open { submit(stream) }
    }

    func submit(_ stream: UpstreamStream) {
        guard let session, !stream.isOver, !stream.isForTunnel || canOpenTunnel(stream, session) else { return }
        stream.deadline = after(pool.target.responseHeaderSeconds)
        fitWindow(to: stream.relay.responseBacklog.room, session)
        stream.relay.withRequest { head, received in
            stream.wire.body.append(received)
            if stream.relay.requestIsSent, !stream.isForTunnel {
                stream.relay.copyTrailers(into: &stream.wire.trailers)
                stream.wire.bodyEnded = true
            }
            stream.isSubmitted = session.submit(
                stream.wire, head: head, isTLS: link.isTLS, isWebSocket: stream.isForTunnel)
        }
        guard stream.isSubmitted else {
            stream.relay.takeBack(body: stream.wire.body.readable)
            return fail(stream, .unreachable, .asNew)
        }
        worker.markDirty(self)
    }

    /// Whether a request for a WebSocket can go out now: the server's settings come first (RFC 8441, 3).
    private func canOpenTunnel(_ stream: UpstreamStream, _ session: HTTP2ClientSession) -> Bool {
        switch session.webSocketSupport {
        case .offered: return true
        case .unknown: stream.deadline = after(pool.target.connectSeconds)
        case .none: refuseTunnel(stream)
        }
        return false
    }

    private func refuseTunnel(_ stream: UpstreamStream) {
        let relay = stream.relay
        letGo(stream)
        relay.failed(.withoutWebSockets)
    }

    /// To be called when something has been received: the server's settings may be known now.
    func judgeWebSockets() {
        guard !hasJudgedWebSockets, let session, session.webSocketSupport != .unknown else { return }
        hasJudgedWebSockets = true
        for stream in streams where stream.isForTunnel && !stream.isSubmitted && !stream.isOver { submit(stream) }
    }

    /// Where much waits for clients already, streams begin with less.
    private func fitWindow(to room: Int, _ session: HTTP2ClientSession) {
        let window = min(ResponseWindow.initial, room)
        let now = worker.loop.now
        guard window != session.streamWindow,
            window < session.streamWindow || now - min(now, windowChangedAt) >= Self.windowGrowthMilliseconds
        else { return }
        guard session.setStreamWindow(window) else { return }
        windowChangedAt = now
        // It may have left some with nothing to send by, though their clients have taken everything.
        for stream in streams where stream.isSubmitted { openWindow(of: stream) }
    }

    func bodyCame(_ stream: UpstreamStream) {
        guard stream.isSubmitted, !stream.isOver else { return }
        if stream.tunnelIsOpen {
            stream.deadline = after(stream.idleSeconds)
        } else if !stream.sawResponse {
            stream.deadline = after(pool.target.responseHeaderSeconds)
        }
        session?.resume(stream.wire)
        worker.markDirty(self)
    }

    /// The client has taken of what waited for it.
    func resume(_ stream: UpstreamStream) {
        guard stream.isSubmitted, !stream.isOver else { return }
        if stream.isHeldBack { stream.deadline = after(stream.idleSeconds) }
        openWindow(of: stream)
    }

    /// Lets the upstream send as much as there is room for, or has the client's side tell when there is.
    func openWindow(of stream: UpstreamStream) {
        let (held, room) = stream.relay.responseBacklog
        guard let session, !stream.wire.responseEnded else { return }
        let credit = session.credit(of: stream.wire)
        stream.isHeldBack = false
        switch ResponseWindow.step(credit: credit, held: held + stream.wire.untold, room: room) {
        case .open: break
        case .grant(let length):
            session.grant(stream.wire, length)
            worker.markDirty(self)
        case .waits(let isShut):
            stream.isHeldBack = isShut
            stream.relay.waitForClient(isPaused: isShut)
        }
    }

    /// The client has gone: the response is of no use to anyone.
    func abandon(_ stream: UpstreamStream) {
        guard !stream.isOver else { return }
        letGo(stream)
        if stream.isSubmitted { session?.cancel(stream.wire) }
        worker.markDirty(self)
        closeIfDone()
    }

    func letGo(_ stream: UpstreamStream) {
        stream.isOver = true
        stream.wire.owner = nil
        stream.relay.stream = nil
        streams.removeAll { $0 === stream }
        if stream.isForTunnel { pool.tunnelStreams -= 1 }
        // An open tunnel isn't among the requests any more.
        if !stream.tunnelIsOpen { pool.requestEnded(at: endpoint) }
        if streams.isEmpty { deadline = after(pool.target.idleSeconds) }
        if phase == .open { worker.markWaiting(pool) }
    }

    func fail(_ stream: UpstreamStream, _ failure: UpstreamFailure, _ repetition: Relay.Repetition) {
        guard !stream.isOver else { return }
        let relay = stream.relay
        letGo(stream)
        relay.connectionFailed(failure, at: endpoint, repetition)
    }

    // MARK: Ends

    func connectFailed(_ failure: UpstreamFailure) {
        pool.noteConnectFailure(endpoint, failure, link.verificationFailure)
        let waiting = streams
        close()
        for stream in waiting {
            let relay = stream.relay
            letGo(stream)
            pool.tryElsewhere(relay, endpoint, failure)
        }
    }

    /// The connection is gone, and with it all that was under way.
    func breakOff(_ failure: UpstreamFailure) {
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
            for stream in streams where now >= stream.deadline && !stream.isHeldBack { expire(stream) }
        case .closed: break
        }
    }

    private func expire(_ stream: UpstreamStream) {
        guard !stream.isOver else { return }
        // That nobody says anything is no fault of the upstream.
        if stream.tunnelIsOpen { return stream.relay.endTunnel(1001, "idle") }
        // A client that is slow to send its request is the client side's affair.
        if !stream.isForTunnel, !stream.sawResponse, !stream.wire.bodyEnded, stream.wire.body.isEmpty { return }
        pool.noteFailure(endpoint, .timeout)
        if stream.isSubmitted { session?.cancel(stream.wire) }
        worker.markDirty(self)
        fail(stream, .timeout, .never)
    }

    /// Takes no new requests, and closes when it has none.
    func retire() {
        isRetired = true
        closeIfDone()
    }

    func closeIfDone() {
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
