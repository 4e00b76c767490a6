import EventLoop
import HTTP1Codec
package import HTTPMessages

/// What a relay tells of its response.
package protocol RelayOwner: AnyObject {
    /// The response's head is in `exchange.response`, not sent yet: the last chance to add fields.
    func relayWillSendHead(_ relay: Relay)

    /// There is no response, and nothing has been sent to the client.
    func relayFailed(_ relay: Relay, _ failure: UpstreamFailure)

    /// The response broke off after its head had gone out: the exchange was aborted.
    func relayBroke(_ relay: Relay, _ failure: UpstreamFailure)
}

/// Takes one request to an upstream and its response back, both bodies as a stream under flow control.
///
/// Pooled with its exchange: it lives through many requests, one after another.
package final class Relay {
    /// It lives as long as this: they are pooled together.
    let exchange: Uncounted<Exchange>
    package unowned(unsafe) var owner: (any RelayOwner)?

    /// When the upstream was asked, and when its head came: nanoseconds of the monotonic clock, 0 where it didn't.
    package private(set) var sentAt: UInt64 = 0
    package private(set) var answeredAt: UInt64 = 0

    /// It lets go of this relay before it goes itself (`UpstreamConnection.close`).
    var connection: Uncounted<UpstreamConnection>?
    /// Instead of `connection`, where the upstream speaks HTTP/2.
    var stream: UpstreamStream?
    var connectAttempts = 0
    var deadline: UInt64 = 0
    /// Where the client asks for one: to be set before `start`, and taken away when the exchange is over.
    package var tunnel: WebSocketTunnel?
    /// The one address that this relay goes to, whatever is held against it: for health checks.
    var pinned: UpstreamEndpoint?
    /// The address that has failed this request.
    var avoided: UpstreamEndpoint?
    /// Not a connection that was used before.
    private(set) var needsFresh = false
    /// Since when the response has waited for its client.
    var pause = ResponsePause()
    /// How much its client has under way, as a power of two: while connections are short, who asks little goes first.
    var weight = 0

    /// What may be done where a connection died before its response.
    enum Repetition {
        case never
        /// Nothing of the request has reached the upstream: it is as good as new.
        case asNew
        /// Once, where sending it twice does no harm.
        case ifHarmless
        /// The same, but at another address.
        case elsewhereIfHarmless
        /// The upstream says that it hasn't acted upon it: once, whatever it is, where it can be sent again.
        case refused
    }

    private var pool: UpstreamPool?
    /// The head as it goes over the wire: kept until there is a response, to be sent again.
    private var head = ByteQueue()
    /// Body bytes, framed, that came before the connection was ready.
    private var early = ByteQueue()
    private var isChunked = false
    private var hasRetried = false
    package private(set) var isActive = false
    private var sentHeadDownstream = false
    private(set) var requestIsSent = false
    /// The client has closed its side of the tunnel.
    private var hasEndedTunnel = false

    /// Of a head's memory, what is kept for the next request.
    private static let headBytesKept = 8192

    package init(exchange: Exchange) { self.exchange = Uncounted(exchange) }

    // MARK: Request

    /// Begins: `write` appends request line and fields, without framing fields and without the empty line.
    ///
    /// - Parameter received: what has come of the body so far.
    package func start(
        on pool: UpstreamPool, owner: any RelayOwner, received: Bytes, write: (inout ByteQueue) -> Void
    ) {
        self.pool = pool
        self.owner = owner
        isActive = true
        hasRetried = false
        // A tunnel never gives its connection back.
        needsFresh = tunnel != nil
        avoided = nil
        sentHeadDownstream = false
        requestIsSent = tunnel != nil || exchange { $0.requestEnded }
        hasEndedTunnel = false
        connectAttempts = 0
        sentAt = 0
        answeredAt = 0
        head.removeAll()
        early.removeAll(keepingAtMost: 0)
        write(&head)
        exchange { frame($0, received: received.count, isHTTP2: pool.target.isHTTP2) }
        HTTP1Writer.appendEndOfHead(to: &head)
        if received.count > 0 { frame(received, into: &early) }
        if requestIsSent { appendRequestEnd(to: &early) }
        pool.assign(self)
    }

    /// The framing is made anew from what is known, never passed on (RFC 9112, 6.3).
    private func frame(_ exchange: Exchange, received: Int, isHTTP2: Bool) {
        isChunked = false
        if let tunnel { return tunnel.appendRequest(to: &head, isHTTP2: isHTTP2) }
        if let length = exchange.request.contentLength {
            HTTP1Writer.appendContentLength(length, to: &head)
        } else if !exchange.requestEnded || received > 0 {
            guard !isHTTP2 else { return }  // It has frames of its own.
            isChunked = true
            HTTP1Writer.appendField("transfer-encoding", "chunked", to: &head)
        } else if exchange.request.method == .post || exchange.request.method == .put
            || exchange.request.method == .patch
        {
            HTTP1Writer.appendContentLength(0, to: &head)
        }
    }

    package func requestBody(_ bytes: Bytes) {
        guard isActive else { return exchange { $0.transport?.consumed($0, bytes.count) ?? () } }
        // Before the upstream has agreed, it would read these as its next request.
        if let tunnel, !tunnel.isOpen { return early.append(bytes) }
        if let connection, connection({ $0.isReady }) {
            connection { $0.write { frame(bytes, into: &$0) } }
        } else if let stream, stream.isSubmitted {
            stream.append(bytes)
        } else {
            frame(bytes, into: &early)
        }
    }

    package func requestEnded() {
        guard isActive else { return }
        requestIsSent = true
        if let tunnel {
            hasEndedTunnel = true
            guard tunnel.isOpen else { return }
            if let connection { connection { $0.finishWriting() } } else { stream?.finishWriting() }
            return
        }
        if let connection, connection({ $0.isReady }) {
            connection { $0.write { appendRequestEnd(to: &$0) } }
        } else if let stream, stream.isSubmitted {
            stream.endRequest()
        } else {
            appendRequestEnd(to: &early)
        }
    }

    private func appendRequestEnd(to queue: inout ByteQueue) {
        if isChunked { exchange { HTTP1Writer.appendLastChunk(trailers: $0.requestTrailers, to: &queue) } }
    }

    private func frame(_ bytes: Bytes, into queue: inout ByteQueue) {
        if isChunked { HTTP1Writer.appendChunk(bytes, to: &queue) } else { queue.append(bytes) }
    }

    /// The client has taken what was waiting for it.
    package func responseDrained() {
        endPause()
        if let connection { connection { $0.resume() } } else { stream?.resume() }
    }

    /// The exchange is over: lets go of the connection, which reads the rest of a response or closes.
    package func cancel() {
        defer { head.removeAll(keepingAtMost: Self.headBytesKept) }
        guard isActive else { return }
        isActive = false
        endPause()
        if !abandonConnection() { pool?.withdraw(self) }
        owner = nil
    }

    /// Somebody whose client reads needs the connection: this client, which doesn't, sees its response break off.
    func breakOff() {
        guard isActive else { return }
        endPause()
        _ = abandonConnection(isNeeded: true)
        exchange {
            $0.responseBody.removeAll()
            $0.noteHeldBytes()
            $0.isUnwanted = true
            $0.transport?.abort($0)
        }
    }

    /// False: it had none.
    private func abandonConnection(isNeeded: Bool = false) -> Bool {
        if let connection {
            connection { $0.abandon(isNeeded: isNeeded) }
        } else if let stream {
            stream.abandon()
        } else {
            return false
        }
        connection = nil
        stream = nil
        return true
    }

    private func endPause() {
        if pause.isOn { pool?.responseResumed(self) }
    }

    // MARK: For the connection

    func writeRequest(to output: inout ByteQueue) {
        sentAt = EventLoop.monotonicNanoseconds()
        output.append(head.readable)
        guard tunnel == nil else { return }
        output.append(early.readable)
        early.removeAll(keepingAtMost: 0)
    }

    /// What was written didn't go out: it waits for another connection.
    func takeBack(_ unsent: Bytes) {
        guard tunnel == nil else { return }  // Nothing but the head was written.
        takeBack(body: unsent.part(head.count, unsent.count))
    }

    func takeBack(body: Bytes) {
        guard tunnel == nil else { return }
        early.removeAll()
        early.append(body)
    }

    /// The request without framing, and what has come of its body: for a connection that frames by itself.
    func withRequest(_ body: (_ head: Bytes, _ received: Bytes) -> Void) {
        sentAt = EventLoop.monotonicNanoseconds()
        // What is for a tunnel waits until there is one.
        guard tunnel == nil else { return body(head.readable, Bytes(start: nil, count: 0)) }
        body(head.readable, early.readable)
        early.removeAll(keepingAtMost: 0)
    }

    /// Sending this request twice does no more than sending it once, and it can be: nothing of it was a stream.
    var mayBeRepeated: Bool { exchange({ $0.request.method.isIdempotent }) && isWithoutBody }

    private var isWithoutBody: Bool {
        exchange { exchange in
            exchange.requestBodyReceived == 0 && (exchange.requestEnded || exchange.request.contentLength == 0)
        }
    }

    /// The request's trailers, those that may stand there.
    func copyTrailers(into target: inout HeaderBlock) {
        exchange { exchange in
            for index in 0..<exchange.requestTrailers.count where exchange.requestTrailers.isAllowedInTrailers(index) {
                target.append(
                    name: exchange.requestTrailers.name(index), value: exchange.requestTrailers.value(index))
            }
        }
    }

    /// The response's trailers, those that may stand there.
    func takeTrailers(_ fields: borrowing HeaderBlock) {
        let exchange = exchange.object
        var index = 0
        while index < fields.count {
            if fields.isAllowedInTrailers(index) {
                exchange.responseTrailers.append(name: fields.name(index), value: fields.value(index))
            }
            index += 1
        }
    }

    /// The socket has taken what there was: the client may send as much again.
    func bodyWasSent() {
        if let tunnel, !tunnel.isOpen, isActive { return }
        exchange { exchange in
            let outstanding = exchange.requestBodyReceived - exchange.requestBodyConsumed
            if isActive, outstanding > 0 { exchange.transport?.consumed(exchange, outstanding) }
        }
    }

    func informational(_ status: Int, _ fields: borrowing HeaderBlock) {
        // 100 was answered by the gateway itself when it let the request through.
        guard status != 100 else { return }
        var passed = HeaderBlock()
        Self.copy(fields, into: &passed)
        let exchange = exchange.object
        exchange.transport?.sendInformational(exchange, status: status, fields: passed)
    }

    /// A 101. Returns whether the upstream has agreed to what it was asked, and nothing else.
    func opensTunnel(_ head: borrowing ResponseHead) -> Bool {
        guard let tunnel, tunnel.open(head.fields) else { return false }
        exchange { $0.isTunnel = true }
        return true
    }

    /// A success over HTTP/2: the stream is a tunnel now.
    func openTunnelOverStream() {
        tunnel?.openOverStream()
        exchange { $0.isTunnel = true }
    }

    /// The tunnel is open: what has come for it goes out.
    func writeEarly(to stream: UpstreamStream) {
        if !early.isEmpty { stream.append(early.readable) }
        early.removeAll(keepingAtMost: 0)
        if hasEndedTunnel { stream.finishWriting() }
    }

    /// The same, over HTTP/1.1.
    func writeEarly(to connection: UpstreamConnection) {
        connection.write { $0.append(early.readable) }
        early.removeAll(keepingAtMost: 0)
        if hasEndedTunnel { connection.finishWriting() }
    }

    /// Ends an open tunnel: by a Close frame where one can be put in, else by breaking it off.
    package func endTunnel(_ code: UInt16, _ reason: String) {
        guard isActive, let tunnel, tunnel.isOpen else { return }
        cancel()
        exchange { exchange in
            guard tunnel.isBetweenFrames else { return exchange.transport?.abort(exchange) ?? () }
            exchange.responseBody.append(WebSocketFrames.close(code, reason))
            exchange.responseEnded = true
            exchange.transport?.sendBody(exchange)
        }
    }

    func responseHead(_ head: borrowing ResponseHead) {
        answeredAt = EventLoop.monotonicNanoseconds()
        exchange {
            $0.response.status = head.status
            $0.response.contentLength = head.contentLength
            Self.copy(head.fields, into: &$0.response.fields)
            // RFC 9110, 8.6: no length on a 204, whose readers would wait for a body, or take the next response
            // for one.
            if head.status == 204 { $0.response.fields.remove { $0.equals("content-length") } }
        }
    }

    /// Reads on in the response's body.
    func decode(
        _ bytes: Bytes, with decoder: inout BodyDecoder
    ) throws(HTTP1Error) -> (consumed: Int, piece: BodyPiece) {
        let piece = exchange { exchange in
            Result { () throws(HTTP1Error) in try decoder.next(bytes, trailers: &exchange.responseTrailers) }
        }
        return try piece.get()
    }

    func responseBody(_ bytes: Bytes) {
        tunnel?.passes(bytes)
        exchange { $0.responseBody.append(bytes) }
    }

    /// How much of the response may be read now, in bytes.
    var responseRoom: Int { exchange { max(4096, $0.responseRoom - $0.responseBody.count) } }

    /// How much of the response waits for the client, and how much may, in bytes.
    var responseBacklog: (held: Int, room: Int) {
        exchange {
            $0.noteHeldBytes()
            return ($0.responseBody.count, $0.responseRoom)
        }
    }

    /// Whether as much waits for the client as may: then it is told when that has gone.
    func isFull() -> Bool {
        let (held, room) = responseBacklog
        guard held >= room else { return false }
        waitForClient(isPaused: true)
        return true
    }

    /// Asks to be told when the client has taken of what waits for it.
    ///
    /// - Parameter isPaused: until then the upstream waits as well.
    func waitForClient(isPaused: Bool) {
        exchange { $0.wantsDrain = true }
        // A tunnel isn't among the requests: nobody waits for its connection.
        if isPaused, !pause.isOn, tunnel == nil { pool?.responsePaused(self) }
    }

    /// Requests of its client's connection that aren't over, this one included.
    var clientsRequests: Int { exchange { $0.transport?.requestsUnderWay ?? 1 } }

    /// A batch of bytes has been taken in: hands on what has become of it.
    func responseArrived() {
        guard isActive else { return }
        exchange { exchange in
            if sentHeadDownstream {
                exchange.transport?.sendBody(exchange)
            } else if exchange.response.status != 0 {
                sentHeadDownstream = true
                owner?.relayWillSendHead(self)
                exchange.transport?.sendHead(exchange)
            }
        }
    }

    func responseEnded() {
        exchange { $0.responseEnded = true }
        responseArrived()
        if !requestIsSent { bodyWasSent() }  // The rest of it is passed over.
        endPause()
        isActive = false
        connection = nil
        owner = nil
    }

    func connectionFailed(
        _ failure: UpstreamFailure, at endpoint: UpstreamEndpoint, _ repetition: Repetition
    ) {
        connection = nil
        stream = nil
        guard isActive else { return }
        guard let pool, !hasRetried, isAllowed(repetition, endpoint, pool) else { return failed(failure) }
        hasRetried = true
        needsFresh = true
        connectAttempts = 0
        if repetition != .asNew {
            avoided = endpoint
            early.removeAll()
            if requestIsSent { appendRequestEnd(to: &early) }
        }
        pool.assignAgain(self)
    }

    private func isAllowed(_ repetition: Repetition, _ endpoint: UpstreamEndpoint, _ pool: UpstreamPool) -> Bool {
        switch repetition {
        case .never: false
        case .asNew: true
        case .ifHarmless: mayBeRepeated && pool.mayRepeat()
        case .refused: isWithoutBody && pool.mayRepeat()
        case .elsewhereIfHarmless:
            mayBeRepeated && pinned == nil && pool.hasAlternative(to: endpoint) && pool.mayRepeat()
        }
    }

    func failed(_ failure: UpstreamFailure) {
        guard isActive else { return }
        bodyWasSent()  // Or will never be: either way the client may go on.
        endPause()
        isActive = false
        let owner = owner
        self.owner = nil
        let exchange = exchange.object
        if sentHeadDownstream {
            exchange.transport?.abort(exchange)
            owner?.relayBroke(self, failure)
        } else {
            exchange.response.removeAll()
            exchange.responseBody.removeAll()
            exchange.responseTrailers.removeAll()
            owner?.relayFailed(self, failure)
        }
    }

    /// Copies the fields that may pass to the next hop.
    private static func copy(_ fields: borrowing HeaderBlock, into target: inout HeaderBlock) {
        let named = ConnectionOptions(fields)
        var index = 0
        while index < fields.count {
            if !fields.header(index).isHopByHop, !named.contains(fields.name(index)) {
                target.append(name: fields.name(index), value: fields.value(index))
            }
            index += 1
        }
    }
}
