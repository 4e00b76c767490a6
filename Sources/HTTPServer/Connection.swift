import EventLoop
import HTTP1Codec
import HTTP2Engine
import HTTPMessages
import TLSEngine

/// One client's connection: moves bytes between its socket, TLS and its session, and events to the handler.
///
/// handshaking (TLS) ─▶ sniffing (cleartext) ─▶ open (h2 or h1) ─▶ lingering ─▶ closed
final class Connection: SocketOwner, ExchangeTransport {
    private enum Phase { case handshaking, sniffing, open, lingering, closed }

    private(set) var peer: PeerInformation
    var slot = 0
    var isDirty = false

    private let worker: ServerWorker
    private let handle: IOHandle
    private let tls: TLSConnection?
    /// The same, for each read and write: `tls` keeps it.
    private let records: Uncounted<TLSConnection>?
    private var session: OpenSession?
    private var phase: Phase
    /// Output that the socket didn't take.
    private var unsent = ByteQueue()
    /// Cleartext input that is too short to tell its protocol.
    private var sniffed = ByteQueue()
    private var lastActivity: UInt64
    /// Since when a request's head has been incomplete, or the connection has been in its phase.
    private var waitingSince: UInt64
    private var wasReceivingHead = false
    /// TLS has input that was left there: the socket won't say so.
    private var hasParkedInput = false
    private var drainSteps = 0
    private var peerHasClosed = false

    /// Reads in one turn, 16 KiB to 64 KiB each: more wait for the next turn, so that nobody starves.
    private static let readsPerTurn = 8
    private static let collectsPerTurn = 8
    private static let collectBytes = 64 * 1024
    private static let lingerMilliseconds: UInt64 = 1000
    /// How long a connection may take to its first request while the server drains.
    private static let beginningMilliseconds: UInt64 = 1000
    /// How long a client may go on sending a request that has been answered.
    private static let answeredMilliseconds: UInt64 = 2000

    static func open(socket: Int32, peer: SocketAddress, tls: TLSContext?, worker: ServerWorker) {
        guard let handle = try? IOHandle(socket: socket, loop: worker.loop) else { return }
        let secure = tls.flatMap { TLSConnection($0, socket: socket) }
        guard (tls == nil) == (secure == nil) else { return handle.close() }
        let connection = Connection(handle: handle, peer: peer, tls: secure, worker: worker)
        handle.owner = connection
        worker.adopt(connection)
        handle.watch(readable: true, writable: false)
    }

    private init(handle: IOHandle, peer: SocketAddress, tls: TLSConnection?, worker: ServerWorker) {
        self.handle = handle
        self.worker = worker
        self.tls = tls
        records = tls.map { Uncounted($0) }
        self.peer = PeerInformation(
            address: peer.host, addressBytes: peer.bytes, isTLS: tls != nil, httpVersion: 1)
        phase = tls == nil ? .sniffing : .handshaking
        lastActivity = worker.loop.now
        waitingSince = lastActivity
    }

    deinit { session?.close() }

    var exchangeCount: Int { session?({ $0.exchanges.count }) ?? 0 }

    // MARK: Socket

    func socketReady(readable: Bool, writable: Bool) {
        if phase == .handshaking {
            guard shakeHands() else { return }
        }
        if writable, !unsent.isEmpty { flush() }
        if readable, phase != .closed { read() }
    }

    /// Goes on where the last turn's share of reading or writing was used up.
    func continueReading() {
        if phase == .open || phase == .lingering { read() }
        worker.markDirty(self)
    }

    /// Returns whether the connection is ready for requests.
    private func shakeHands() -> Bool {
        guard let tls else { return false }
        switch tls.handshake() {
        case .done(let isHTTP2):
            worker.counts.handshakes += 1
            if tls.isResumed { worker.counts.handshakesResumed += 1 }
            start(isHTTP2: isHTTP2)
            return phase != .closed
        case .wantsRead: handle.watch(readable: true, writable: false)
        case .wantsWrite: handle.watch(readable: false, writable: true)
        case .failed:
            worker.counts.handshakesFailed += 1
            close()
        }
        return false
    }

    private func start(isHTTP2: Bool) {
        if isHTTP2 {
            peer = PeerInformation(
                address: peer.address, addressBytes: peer.addressBytes, isTLS: peer.isTLS, httpVersion: 2)
            guard
                let made = HTTP2ServerSession(limits: worker.limits.http2, pool: worker.exchangePool, transport: self)
            else { return close() }
            session = OpenSession(made)
            worker.counts.http2 += 1
        } else {
            session = OpenSession(
                HTTP1ServerSession(limits: worker.limits.http2, pool: worker.exchangePool, transport: self))
            worker.counts.http1 += 1
        }
        phase = .open
        waitingSince = worker.loop.now
        updateWatch()
        worker.markDirty(self)
    }

    private func read() {
        var reads = 0
        hasParkedInput = false
        while wantsToRead {
            guard reads < Self.readsPerTurn else { return worker.markUnfinished(self) }
            reads += 1
            let buffer = worker.readBuffer
            let length: Int
            if let records {
                switch records({ $0.read(into: buffer) }) {
                case .done(let count): length = count
                case .wantsRead: return updateWatch()
                case .wantsWrite: return handle.watch(readable: true, writable: true)
                case .closed, .failed: return inputClosed()
                }
            } else {
                switch StreamSocket.read(handle.socket, into: buffer) {
                case .done(let count): length = count
                case .wouldBlock: return updateWatch()
                case .closed: return inputClosed()
                case .failed: return close()
                }
            }
            lastActivity = worker.loop.now
            received(Bytes(rebasing: buffer[..<length]))
            let mayHaveMore = if let records { records { $0.hasPending } } else { length == buffer.count }
            if !mayHaveMore { return updateWatch() }
        }
        hasParkedInput = tls != nil
        updateWatch()
    }

    private func received(_ bytes: Bytes) {
        switch phase {
        case .sniffing: sniff(bytes)
        case .open: deliver(bytes)
        case .lingering, .closed, .handshaking: break
        }
    }

    /// Tells HTTP/2 with prior knowledge (RFC 9113, 3.4) from HTTP/1.1 by the first bytes.
    private func sniff(_ bytes: Bytes) {
        let preface: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        sniffed.append(bytes)
        let known = min(sniffed.count, preface.utf8CodeUnitCount)
        let isPreface = sniffed.readable.part(0, known).equals(staticBytes(preface).part(0, known))
        if isPreface && known < preface.utf8CodeUnitCount { return }
        start(isHTTP2: isPreface)
        guard phase == .open else { return }
        deliver(sniffed.readable)
        sniffed.removeAll(keepingAtMost: 0)
    }

    private func deliver(_ bytes: Bytes) {
        guard let session else { return }
        let goesOn = session { $0.receive(bytes) }
        handleEvents()
        if !goesOn { phase = phase == .open ? .lingering : phase }
        if !goesOn || session({ $0.wantsToSend || $0.isFinished }) { worker.markDirty(self) }
        noteHead(session)
    }

    /// A head's time runs from its first byte, however long the connection was quiet before.
    private func noteHead(_ session: OpenSession) {
        let isReceivingHead = session { $0.isReceivingHead }
        if !isReceivingHead || !wasReceivingHead { waitingSince = worker.loop.now }
        wasReceivingHead = isReceivingHead
    }

    private func inputClosed() {
        guard phase == .open, tls == nil, !exchangesWaitForInput, exchangeCount > 0 else { return close() }
        // A client that has sent all it wants may close its side and still wait for the answer.
        peerHasClosed = true
        handle.watch(readable: false, writable: !unsent.isEmpty)
    }

    private var exchangesWaitForInput: Bool {
        peer.httpVersion == 2 || session?({ $0.exchanges.contains { !$0.object.requestEnded } }) ?? false
    }

    private var wantsToRead: Bool {
        guard !peerHasClosed, unsent.count < 256 * 1024 else { return false }
        return switch phase {
        case .open: session?({ $0.wantsToReceive }) ?? false
        case .sniffing, .lingering: true
        case .handshaking, .closed: false
        }
    }

    private func updateWatch() {
        guard phase != .closed, phase != .handshaking else { return }
        handle.watch(readable: wantsToRead, writable: !unsent.isEmpty)
    }

    // MARK: Output

    /// Writes what the session has to send, as far as the socket takes it.
    func flush() {
        isDirty = false
        guard let session, phase != .closed else { return }
        if !unsent.isEmpty {
            guard let taken = write(unsent.readable) else { return close() }
            unsent.consume(taken)
            if !unsent.isEmpty { return updateWatch() }
            unsent.removeAll(keepingAtMost: 0)
        }
        var mayHaveMore = true
        for _ in 0..<Self.collectsPerTurn where mayHaveMore {
            mayHaveMore = session { $0.collect(into: &worker.outBuffer, upTo: Self.collectBytes) }
            let length = worker.outBuffer.count
            if length > 0 {
                guard let taken = write(worker.outBuffer.readable) else {
                    worker.outBuffer.removeAll()
                    return close()
                }
                if taken < length { unsent.append(worker.outBuffer.readable.part(taken, length)) }
                worker.outBuffer.removeAll()
            }
            // What an event adds to the output marks the connection anew.
            handleEvents()
            guard phase != .closed else { return }
            if phase == .open { noteHead(session) }
            if !unsent.isEmpty { break }
            if session({ $0.isFinished }) || (phase == .lingering && !session({ $0.wantsToSend })) { return finish() }
        }
        if peerHasClosed, unsent.isEmpty, session({ $0.exchanges.isEmpty }) { return close() }
        updateWatch()
        if unsent.isEmpty && mayHaveMore || hasParkedInput && wantsToRead { worker.markUnfinished(self) }
    }

    /// Returns how many bytes the socket took, or nil where the connection is broken.
    private func write(_ bytes: Bytes) -> Int? {
        var position = 0
        while position < bytes.count {
            let rest = bytes.part(position, bytes.count)
            if let records {
                switch records({ $0.write(rest) }) {
                case .done(let count): position += count
                case .wantsRead, .wantsWrite: return wrote(position)
                case .closed, .failed: return nil
                }
            } else {
                switch StreamSocket.write(handle.socket, rest) {
                case .done(let count): position += count
                case .wouldBlock: return wrote(position)
                case .closed, .failed: return nil
                }
            }
        }
        return wrote(position)
    }

    private func wrote(_ count: Int) -> Int {
        if count > 0 { lastActivity = worker.loop.now }
        return count
    }

    /// Says goodbye and waits a moment for the client to close, so that it can read what was sent last.
    private func finish() {
        guard !peerHasClosed else { return close() }
        if session?({ $0.endsAbruptly }) ?? false {
            StreamSocket.resetOnClose(handle.socket)
            return close()
        }
        endExchanges()
        phase = .lingering
        waitingSince = worker.loop.now
        tls?.sendCloseNotify()
        StreamSocket.shutdownWriting(handle.socket)
        closeSession()
        updateWatch()
    }

    // MARK: Events

    private func handleEvents() {
        guard let session else { return }
        while session({ $0.takeEvents(into: &worker.eventScratch) }) {
            // Nobody else can take events meanwhile: handlers don't read or flush, they only mark.
            let count = worker.eventScratch.count
            for index in 0..<count { handle(worker.eventScratch[index], session) }
            worker.eventScratch.removeAll(keepingCapacity: true)
        }
    }

    private func handle(_ event: ExchangeEvent, _ session: OpenSession) {
        let handler = worker.handler
        switch event {
        case .request(let exchange, let isWhole):
            exchange {
                $0.requestEnded = isWhole
                $0.startedAt = EventLoop.monotonicNanoseconds()
                handler.requestReceived($0)
            }
        case .body(let exchange, let bytes): exchange { handler.requestBody($0, bytes) }
        case .requestEnded(let exchange):
            exchange {
                $0.requestEnded = true
                handler.requestEnded($0)
            }
        case .requestTooLarge(let exchange): exchange { handler.requestTooLarge($0) }
        case .drained(let exchange): exchange { handler.responseDrained($0) }
        case .closed(let exchange): end(exchange, session)
        }
    }

    private func endExchanges() {
        guard let session else { return }
        session { $0.abandon() }
        while let exchange = session({ $0.exchanges.last }) { end(exchange, session) }
    }

    private func end(_ exchange: Uncounted<Exchange>, _ session: OpenSession) {
        // The handler never heard of a request whose head didn't arrive whole.
        exchange {
            if $0.startedAt != 0 { worker.handler.exchangeEnded($0) }
        }
        session { $0.release(exchange) }
    }

    private func closeSession() {
        session?.close()
        session = nil
    }

    // MARK: Exchanges

    func sendHead(_ exchange: Exchange) {
        exchange.responseStarted = true
        session?({ $0.sendHead(exchange) })
        worker.markDirty(self)
    }

    func sendInformational(_ exchange: Exchange, status: Int, fields: borrowing HeaderBlock) {
        session?({ $0.sendInformational(exchange, status: status, fields: fields) })
        worker.markDirty(self)
    }

    func sendBody(_ exchange: Exchange) {
        session?({ $0.resume(exchange) })
        worker.markDirty(self)
    }

    func abort(_ exchange: Exchange) {
        session?({ $0.reset(exchange) })
        worker.markDirty(self)
    }

    func consumed(_ exchange: Exchange, _ length: Int) {
        session?({ $0.consumed(exchange, length) })
        worker.markDirty(self)
    }

    // MARK: Ends

    /// Ends the connection where something has taken too long. Called about once a second.
    func checkTimeouts(now: UInt64) {
        let waited = Double(now - min(now, waitingSince)) / 1000
        let idle = Double(now - min(now, lastActivity)) / 1000
        switch phase {
        case .handshaking, .sniffing:
            if waited > worker.limits.headerSeconds { close() }
        case .open:
            session?({ $0.secondPassed() })
            if session?({ $0.isReceivingHead }) ?? false, waited > worker.limits.headerSeconds { return close() }
            if peer.httpVersion == 2, let session {
                stopAnsweredRequests(session)
                resetStalledStreams(session, now)
            }
            // Requests that wait for their upstream have time limits of their own.
            let waitsForClient = !unsent.isEmpty || exchangesWaitForInputOrWindow
            if idle > worker.limits.idleSeconds, exchangeCount == 0 || waitsForClient { expire() }
        case .lingering:
            if now - min(now, waitingSince) > Self.lingerMilliseconds, unsent.isEmpty || idle > 5 { close() }
        case .closed: break
        }
    }

    /// Stops requests that go on although they have been answered. Not at once: most are about to end anyway, and
    /// some clients take a reset for a failure, or don't look at the answer before they have sent everything.
    private func stopAnsweredRequests(_ session: OpenSession) {
        let now = EventLoop.monotonicNanoseconds()
        for exchange in session({ $0.exchanges.map(\.object) })
        where exchange.responseEnded && exchange.responseBody.isEmpty && !exchange.requestEnded
            && now - exchange.startedAt > Self.answeredMilliseconds * 1_000_000
        {
            session { $0.finishEarly(exchange) }
            worker.markDirty(self)
        }
    }

    /// Resets streams that have waited too long for their client, for the rest of a request or for leave to go on
    /// with a response: others keep the connection from being idle, and each holds an upstream's connection.
    private func resetStalledStreams(_ session: OpenSession, _ now: UInt64) {
        for exchange in session({ $0.exchanges.map(\.object) }) where exchange.startedAt != 0 {
            let progress = exchange.requestBodyReceived + exchange.responseBodySent
            let owesRequest = !exchange.requestEnded && exchange.requestBodyReceived == exchange.requestBodyConsumed
            guard owesRequest || !exchange.responseBody.isEmpty, exchange.progress == progress,
                exchange.progressAt != 0
            else {
                exchange.progress = progress
                exchange.progressAt = now
                continue
            }
            if Double(now - min(now, exchange.progressAt)) / 1000 > worker.limits.idleSeconds {
                session { $0.reset(exchange) }
                worker.markDirty(self)
            }
        }
    }

    private var exchangesWaitForInputOrWindow: Bool {
        session?({ $0.exchanges.contains { !$0.object.requestEnded || !$0.object.responseBody.isEmpty } }) ?? false
    }

    private func expire() {
        guard exchangeCount == 0, unsent.isEmpty, drainSteps == 0 else { return close() }
        drain()
        drain()
    }

    /// Tells the client that this connection takes no new requests; closes it when it has none.
    func drain() {
        guard phase == .open, let session else {
            // It may be about to ask: then it is answered like those that are open.
            let isLate = worker.loop.now - waitingSince > Self.beginningMilliseconds
            if phase == .handshaking || phase == .sniffing, isLate { close() }
            return
        }
        guard drainSteps < 2 else { return }
        drainSteps += 1
        session { $0.drain() }
        worker.markDirty(self)
    }

    func close() {
        guard phase != .closed else { return }
        phase = .closed
        endExchanges()
        closeSession()
        handle.close()
        worker.release(self)
    }
}
