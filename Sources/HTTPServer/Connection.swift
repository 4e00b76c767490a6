import EventLoop
import HTTP1Codec
import HTTP2Engine
import HTTPMessages
import TLSEngine

/// One client's connection: moves bytes between its socket, TLS and its session, and events to the handler.
///
/// greeting ─▶ handshaking (TLS) or sniffing (cleartext) ─▶ open (h2 or h1) ─▶ lingering ─▶ closed
final class Connection: SocketOwner, ExchangeTransport {
    enum Phase { case greeting, handshaking, sniffing, open, lingering, closed }

    private(set) var peer: PeerInformation
    var slot = 0
    var isDirty = false

    let worker: ServerWorker
    let handle: IOHandle
    private let tlsContext: TLSContext?
    /// Made when the client's first record is there: whoever sends less costs no more than a socket.
    private var tls: TLSConnection?
    /// The same, for each read and write: `tls` keeps it.
    private(set) var records: Uncounted<TLSConnection>?
    private(set) var session: OpenSession?
    private(set) var phase: Phase
    /// Output that the socket didn't take.
    private(set) var unsent = ByteQueue()
    /// Cleartext input that is too short to tell its protocol.
    private var sniffed = ByteQueue()
    private(set) var lastActivity: UInt64
    /// Since when `awaitedHead` has been incomplete, or the connection has been in its phase.
    private(set) var waitingSince: UInt64
    private var awaitedHead: UInt32 = 0
    /// Bytes that the socket took, and what `StallRule` keeps of them.
    private(set) var written = 0
    var writtenMark = 0
    var writtenMarkedAt: UInt64 = 0
    /// TLS has input that was left there: the socket won't say so.
    private var hasParkedInput = false
    /// Bytes of the client's first record that are waited for.
    private var awaitedGreeting = 0
    /// How often the client has been told that no new requests are welcome, and when it was last.
    private(set) var goodbyes: UInt8 = 0
    private var goodbyeAt: UInt64 = 0
    /// Bytes that came after the goodbye.
    private var discarded = 0
    private var peerHasClosed = false

    /// Reads in one turn, 16 KiB to 64 KiB each: more wait for the next turn, so that nobody starves.
    private static let readsPerTurn = 8
    /// The same for what is written, 64 KiB each.
    private static let collectsPerTurn = 2
    private static let collectBytes = 64 * 1024
    /// What the socket takes ahead of what it can send: enough for the moment until it is written to again.
    private static let unsentBytes = 128 * 1024
    /// Frames after which a connection waits for the next turn: small ones cost far more by the byte.
    private static let framesPerTurn: UInt32 = 512
    /// How long a connection may take to its first request while the server drains.
    private static let beginningMilliseconds: UInt64 = 3000
    /// Between the two goodbyes (RFC 9113, 6.8): well over a round trip.
    private static let goodbyeMilliseconds: UInt64 = 1000

    /// False: there is nothing to watch it with.
    static func open(socket: Int32, peer: SocketAddress, tls: TLSContext?, worker: ServerWorker) -> Bool {
        guard let handle = try? IOHandle(socket: socket, loop: worker.loop) else { return false }
        StreamSocket.limitUnsent(socket, to: unsentBytes)
        let connection = Connection(handle: handle, peer: peer, tls: tls, worker: worker)
        handle.owner = connection
        worker.adopt(connection)
        handle.watch(readable: true, writable: false)
        return true
    }

    private init(handle: IOHandle, peer: SocketAddress, tls: TLSContext?, worker: ServerWorker) {
        self.handle = handle
        self.worker = worker
        tlsContext = tls
        self.peer = PeerInformation(
            address: peer.host, addressBytes: peer.bytes, isTLS: tls != nil, httpVersion: 1)
        phase = tls == nil ? .sniffing : .greeting
        lastActivity = worker.loop.now
        waitingSince = lastActivity
    }

    deinit { session?.close() }

    var exchangeCount: Int { session?({ $0.exchanges.count }) ?? 0 }

    // MARK: Socket

    func socketReady(readable: Bool, writable: Bool) {
        if phase == .greeting {
            guard beginHandshake() else { return }
        }
        if phase == .handshaking {
            guard shakeHands() else { return }
        }
        if writable, !unsent.isEmpty { flush() }
        if readable, phase != .closed { read() }
    }

    /// Goes on where the last turn's share of reading or writing was used up.
    func continueReading() {
        // One that was closed meanwhile lives no longer than this call.
        guard phase != .closed else { return }
        if phase == .open || phase == .lingering { read() }
        worker.markDirty(self)
    }

    /// Returns whether the client's first record has come whole, which OpenSSL can then read.
    private func beginHandshake() -> Bool {
        guard let tlsContext else { return false }
        switch TLSGreeting.look(at: handle.socket) {
        case .complete: break
        case .incomplete(let length):
            // The loop isn't to be told of every byte: the socket counts as readable when there are as many, or when
            // no more will come.
            guard length != awaitedGreeting else {
                close()
                return false
            }
            awaitedGreeting = length
            StreamSocket.setLowWater(handle.socket, length)
            return false
        case .over:
            close()
            return false
        }
        StreamSocket.setLowWater(handle.socket, 1)
        guard let made = TLSConnection(tlsContext, socket: handle.socket) else {
            close()
            return false
        }
        tls = made
        records = Uncounted(made)
        phase = .handshaking
        worker.handshakes += 1
        return true
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
        if phase == .handshaking { worker.handshakes -= 1 }
        phase = .open
        waitingSince = worker.loop.now
        awaitedHead = session?({ $0.openHead }) ?? 0
        if worker.isDraining { drain() }
        updateWatch()
        worker.markDirty(self)
    }

    private func read() {
        var reads = 0
        let framesBefore = frameCount
        hasParkedInput = false
        while wantsToRead {
            guard reads < Self.readsPerTurn, frameCount &- framesBefore < Self.framesPerTurn else {
                return worker.markUnfinished(self)
            }
            reads += 1
            let buffer = worker.readBuffer
            let length: Int
            if let records {
                switch records({ $0.read(into: buffer) }) {
                case .done(let count): length = count
                case .wantsRead: return updateWatch()
                case .wantsWrite: return handle.watch(readable: true, writable: true)
                case .closed: return inputClosed()
                case .failed: return close()
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

    private var frameCount: UInt32 { session?({ $0.frameCount }) ?? 0 }

    private func received(_ bytes: Bytes) {
        switch phase {
        case .sniffing: sniff(bytes)
        case .open: deliver(bytes)
        case .lingering: discard(bytes.count)
        case .closed, .greeting, .handshaking: break
        }
    }

    /// What comes after the goodbye is thrown away, so that the client gets to read that. One that goes on with floods
    /// over HTTP/2, past twice what its window lets through, isn't waited for.
    private func discard(_ count: Int) {
        discarded += count
        if peer.httpVersion == 2, discarded > 2 * worker.limits.http2.connectionWindow {
            StreamSocket.resetOnClose(handle.socket)
            close()
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
        guard phase == .open else { return }
        if !goesOn {
            phase = .lingering
            waitingSince = worker.loop.now
        }
        if !goesOn || session({ $0.wantsToSend || $0.isFinished }) { worker.markDirty(self) }
        noteHead(session)
    }

    /// A head's time runs from its first byte, however long the connection was quiet before.
    private func noteHead(_ session: OpenSession) {
        let head = session { $0.openHead }
        if head == 0 || head != awaitedHead { waitingSince = worker.loop.now }
        awaitedHead = head
    }

    private func inputClosed() {
        if phase == .open, session?({ $0.inputEnded() }) ?? false {
            peerHasClosed = true
            handleEvents()
            return updateWatch()
        }
        guard phase == .open, tls == nil, !exchangesWaitForInput, exchangeCount > 0 else { return close() }
        // A client that has sent all it wants may close its side and still wait for the answer.
        peerHasClosed = true
        handle.watch(readable: false, writable: !unsent.isEmpty)
    }

    private var exchangesWaitForInput: Bool {
        peer.httpVersion == 2 || session?({ $0.exchanges.contains { !$0.object.requestEnded } }) ?? false
    }

    var wantsToRead: Bool {
        guard !peerHasClosed, unsent.count < 256 * 1024 else { return false }
        return switch phase {
        case .open: session?({ $0.wantsToReceive }) ?? false
        case .sniffing, .lingering: true
        case .greeting, .handshaking, .closed: false
        }
    }

    private func updateWatch() {
        guard phase != .closed, phase != .handshaking, phase != .greeting else { return }
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
        guard count > 0 else { return 0 }
        lastActivity = worker.loop.now
        written += count
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
                guard !$0.isGone else { return }
                $0.requestEnded = isWhole
                $0.startedAt = EventLoop.monotonicNanoseconds()
                handler.requestReceived($0)
            }
        case .body(let exchange, let bytes):
            exchange {
                if $0.startedAt != 0 { handler.requestBody($0, bytes) }
            }
        case .requestEnded(let exchange):
            exchange {
                guard $0.startedAt != 0 else { return }
                $0.requestEnded = true
                handler.requestEnded($0)
            }
        case .requestTooLarge(let exchange):
            exchange {
                if $0.startedAt != 0 { handler.requestTooLarge($0) }
            }
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

    var requestsUnderWay: Int { exchangeCount }

    var delivery: Delivery {
        let queued = StreamSocket.unacknowledged(handle.socket)
        return Delivery(acknowledged: written - queued, outstanding: queued + unsent.count)
    }

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

    /// Tells the client that this connection takes no new requests, and closes it when it has none. To be called again
    /// and again: the second goodbye comes when requests that were on their way at the first must be in.
    func drain() {
        let now = worker.loop.now
        // Who may be about to ask is answered like those who have asked.
        let isLate = now - min(now, waitingSince) > Self.beginningMilliseconds
        guard phase == .open, let session else {
            if phase == .greeting || phase == .handshaking || phase == .sniffing, isLate { close() }
            return
        }
        switch goodbyes {
        case 0: sayGoodbye()
        case 1 where now - goodbyeAt >= Self.goodbyeMilliseconds && (isLate || session({ $0.openHead }) == 0):
            sayGoodbye()
        default: break
        }
    }

    func sayGoodbye() {
        goodbyes += 1
        goodbyeAt = worker.loop.now
        session?({ $0.drain() })
        worker.markDirty(self)
    }

    /// Has the handler end what has no end of its own.
    func serverIsClosing() {
        guard let session, phase == .open else { return }
        for exchange in session({ $0.exchanges.map(\.object) }) where exchange.startedAt != 0 {
            worker.handler.serverIsClosing(exchange)
        }
    }

    func close() {
        guard phase != .closed else { return }
        if phase == .handshaking { worker.handshakes -= 1 }
        phase = .closed
        endExchanges()
        closeSession()
        handle.close()
        worker.release(self)
    }
}
