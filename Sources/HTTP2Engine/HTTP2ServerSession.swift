import CNGHTTP2
package import HTTPMessages

/// The server side of one HTTP/2 connection, without any I/O: bytes go in and become events, responses go in
/// and become bytes. libnghttp2 does the framing, HPACK, flow control and the checks of RFC 9113.
///
/// libnghttp2's callbacks only append events; whoever calls `receive` or `collect` handles them afterwards, so
/// that nothing is called back into.
package final class HTTP2ServerSession: ServerSession {
    private var events: [ExchangeEvent] = []

    /// The exchanges whose streams aren't closed.
    package private(set) var exchanges: [Uncounted<Exchange>] = []

    let limits: HTTP2Limits
    /// Outlives `session`: stored properties go after `deinit`.
    private let memory: SessionMemory
    private let session: OpaquePointer
    private let pool: ExchangePool
    private unowned(unsafe) let transport: any ExchangeTransport
    /// The exchange whose header section is being received.
    private var receiving: Uncounted<Exchange>?
    private var receivingTrailers = false
    private var isDraining = false
    private var highestStream: Int32 = 0
    /// Those that count for the limit: not closed, and not refused.
    private var openStreams = 0
    /// Frames that were taken from libnghttp2 before anybody asked for them.
    private var taken = ByteQueue()
    private var walker = FrameWalker()
    private var budget: FrameBudget
    /// A GOAWAY says why: nothing that still comes is looked at.
    private var isTerminated = false
    private var hasSettings = false
    private var hasAcknowledgedSettings = false
    private var seconds = 0
    /// The frame that began a header section whose last frame hasn't begun; 0: there is none.
    private var openSection: UInt32 = 0
    private var continuations = 0
    /// Of the header list that is being received, kept or not (RFC 9113, 6.5.2).
    private var listBytes = 0
    private var listFields = 0
    /// Of the requests that aren't over.
    private var heldHeaderBytes = 0

    /// A header list beyond the limit is answered by 431; one as many times as long isn't read to its end.
    private static let outrageousFactor = 4
    private static let takenBytes = 16 * 1024
    /// Streams beyond the limit that may wait for their refusal to go out: the budget ends sooner. libnghttp2 keeps as many
    /// streams that are over, a quarter of a KiB each, as there may be open ones, so that room here is dear.
    private static let refusedStreams = 64

    package init?(limits: HTTP2Limits, pool: ExchangePool, transport: any ExchangeTransport) {
        self.limits = limits
        self.pool = pool
        self.transport = transport
        budget = FrameBudget(limits.frameBudget)
        guard let memory = SessionMemory() else { return nil }
        var allocator = memory.allocator
        var made: OpaquePointer?
        guard
            nghttp2_session_server_new3(
                &made, HTTP2Callbacks.shared.callbacks, nil, HTTP2Callbacks.shared.options, &allocator) == 0,
            let made
        else { return nil }
        self.memory = memory
        session = made
        nghttp2_session_set_user_data(session, Unmanaged.passUnretained(self).toOpaque())
        submitSettings()
        takeSettings()
    }

    deinit {
        nghttp2_session_del(session)
        for exchange in exchanges { pool.give(back: exchange) }
    }

    // MARK: Bytes

    /// Takes in what the client sent. False: the connection can't go on; what is to be sent (a GOAWAY) still may.
    package func receive(_ bytes: Bytes) -> Bool {
        guard !isTerminated else { return false }
        guard walker.walk(bytes, { frameArrives(type: $0, flags: $1, length: $2, serial: $3) }) else {
            terminate(NGHTTP2_ENHANCE_YOUR_CALM)
            return false
        }
        let length = nghttp2_session_mem_recv(
            session, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
        let goesOn = length == bytes.count && !isTerminated
        if !goesOn || endsConnection() { forgetUnheard() }
        return goesOn
    }

    /// Whether libnghttp2 is about to end the connection. It shows once the GOAWAY has been taken from it, which goes
    /// before any DATA.
    private func endsConnection() -> Bool {
        guard nghttp2_session_want_write(session) != 0 else { return false }
        _ = OutboundFrames.take(from: session, into: &taken, upTo: Self.takenBytes)
        return nghttp2_session_want_read(session) == 0
    }

    /// The connection is about to end: requests that nobody has been told of yet needn't reach anybody.
    private func forgetUnheard() {
        for exchange in exchanges {
            exchange {
                if $0.startedAt == 0 { $0.isGone = true }
            }
        }
    }

    /// Appends frames to `out` until it holds about `limit` bytes or nothing is left to send. True: something may be.
    @discardableResult
    package func collect(into out: inout ByteQueue, upTo limit: Int) -> Bool {
        if !taken.isEmpty {
            out.append(taken.readable)
            taken.removeAll(keepingAtMost: 0)
        }
        return OutboundFrames.take(from: session, into: &out, upTo: limit)
    }

    package var wantsToSend: Bool { !taken.isEmpty || nghttp2_session_want_write(session) != 0 }

    package func takeEvents(into taken: inout [ExchangeEvent]) -> Bool {
        guard !events.isEmpty else { return false }
        swap(&events, &taken)
        return true
    }

    package func inputEnded() -> Bool { false }

    package var wantsToReceive: Bool { true }

    package var openHead: UInt32 {
        if !hasSettings { return 1 }
        if openSection != 0 { return openSection }
        return walker.isWithinFrame && !walker.isWithinData ? walker.serial : 0
    }

    package var isWithinMessage: Bool { walker.isWithinFrame }

    package var frameCount: UInt32 { walker.count }

    /// A stream that is broken off is reset by itself.
    package var endsAbruptly: Bool { false }

    /// Neither side has anything more to say.
    package var isFinished: Bool {
        taken.isEmpty && nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0
    }

    // MARK: Commands

    /// Sends `exchange.response`, and its body as it comes.
    package func sendHead(_ exchange: Exchange) {
        if exchange.responseEnded && exchange.responseBody.isEmpty && exchange.responseTrailers.count == 0 {
            withFields(status: exchange.response.status, exchange.response.fields) { fields, count in
                nghttp2_submit_response(session, exchange.streamID, fields, count, nil)
            }
            return
        }
        var source = nghttp2_data_provider()
        source.source.ptr = Unmanaged.passUnretained(exchange).toOpaque()
        source.read_callback = HTTP2Callbacks.readBody
        withFields(status: exchange.response.status, exchange.response.fields) { fields, count in
            nghttp2_submit_response(session, exchange.streamID, fields, count, &source)
        }
    }

    package func sendInformational(_ exchange: Exchange, status: Int, fields: borrowing HeaderBlock) {
        withFields(status: status, fields, copying: true) { fields, count in
            nghttp2_submit_headers(
                session, UInt8(NGHTTP2_FLAG_NONE.rawValue), exchange.streamID, nil, fields, count, nil)
        }
    }

    /// More of the body, or its end, is there.
    package func resume(_ exchange: Exchange) { nghttp2_session_resume_data(session, exchange.streamID) }

    package func reset(_ exchange: Exchange) {
        guard !exchange.wasReset else { return }
        exchange.wasReset = true
        // RFC 9113, 7; for a tunnel it is what a reset is to a connection, whatever the reason (RFC 8441, 5).
        let error = exchange.isTunnel || exchange.isUnwanted ? NGHTTP2_CANCEL : NGHTTP2_INTERNAL_ERROR
        nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), exchange.streamID, error.rawValue)
    }

    /// Tells a client whose request is already answered to stop sending it (RFC 9113, 8.1).
    package func finishEarly(_ exchange: Exchange) {
        nghttp2_submit_rst_stream(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), exchange.streamID, NGHTTP2_NO_ERROR.rawValue)
    }

    /// Gives the client credit for `length` more bytes of the request's body.
    package func consumed(_ exchange: Exchange, _ length: Int) {
        let length = min(length, exchange.requestBodyReceived - exchange.requestBodyConsumed)
        guard length > 0 else { return }
        exchange.requestBodyConsumed += length
        nghttp2_session_consume(session, exchange.streamID, length)
    }

    /// First call: announces that no new streams are welcome. Second call, a round trip later: refuses them.
    package func drain() {
        if isDraining {
            nghttp2_submit_goaway(
                session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nghttp2_session_get_last_proc_stream_id(session),
                NGHTTP2_NO_ERROR.rawValue, nil, 0)
        } else {
            isDraining = true
            nghttp2_submit_shutdown_notice(session)
        }
    }

    package func abandon() { events.removeAll() }

    package func sendAway() { terminate(NGHTTP2_ENHANCE_YOUR_CALM) }

    /// Ends the connection with a GOAWAY that says why.
    private func terminate(_ error: nghttp2_error_code) {
        isTerminated = true
        nghttp2_session_terminate_session(session, error.rawValue)
    }

    private func charge(_ cost: Int) {
        if !budget.spend(cost) { terminate(NGHTTP2_ENHANCE_YOUR_CALM) }
    }

    // MARK: What the client sends, before libnghttp2 reads it

    /// Returns false where the client can't pay for it, or the header section has too many frames.
    @inline(__always)
    private func frameArrives(type: UInt8, flags: UInt8, length: Int, serial: UInt32) -> Bool {
        switch UInt32(type) {
        case NGHTTP2_HEADERS.rawValue:
            continuations = 0
            openSection = UInt32(flags) & NGHTTP2_FLAG_END_HEADERS.rawValue == 0 ? serial : 0
        case NGHTTP2_CONTINUATION.rawValue:
            continuations += 1
            if UInt32(flags) & NGHTTP2_FLAG_END_HEADERS.rawValue != 0 { openSection = 0 }
            if continuations > limits.continuations { return false }
        case NGHTTP2_SETTINGS.rawValue:
            hasSettings = true
            if UInt32(flags) & NGHTTP2_FLAG_ACK.rawValue != 0 { hasAcknowledgedSettings = true }
        default: break
        }
        return budget.spend(FrameCost.received(type: type, flags: flags, length: length))
    }

    // MARK: What libnghttp2 tells

    /// A stream's id must be higher than all before it (RFC 9113, 5.1.1); libnghttp2 passes over one that isn't.
    ///
    /// Returns false where the connection can't go on.
    func frameBegan(_ header: nghttp2_frame_hd) -> Bool {
        guard UInt32(header.type) == NGHTTP2_HEADERS.rawValue, header.stream_id <= highestStream,
            nghttp2_session_find_stream(session, header.stream_id) == nil
        else { return true }
        terminate(NGHTTP2_PROTOCOL_ERROR)
        return false
    }

    /// libnghttp2 answers a frame with a reset. Where a stream comes to its end by that, the stream is charged for.
    func frameRefused(_ header: nghttp2_frame_hd, isBeyondLimit: Bool) {
        guard isBeyondLimit || nghttp2_session_find_stream(session, header.stream_id) == nil else { return }
        charge(FrameCost.refused(length: header.length))
    }

    /// To be called about once a second.
    package func secondPassed() {
        budget.secondPassed()
        seconds += 1
        if !hasAcknowledgedSettings, seconds > limits.settingsSeconds, !isTerminated {
            terminate(NGHTTP2_SETTINGS_TIMEOUT)
        }
        guard exchanges.isEmpty, events.isEmpty, exchanges.capacity + events.capacity > 0 else { return }
        // Nobody asks anything at the moment: an idle connection keeps no room for it.
        exchanges = []
        events = []
    }

    func headersBegan(stream: Int32, isRequest: Bool, length: Int) {
        listBytes = 0
        listFields = 0
        guard isRequest else {
            receiving = exchange(stream)
            receivingTrailers = true
            return
        }
        highestStream = stream
        guard openStreams < limits.concurrentStreams else { return refuse(stream, length: length) }
        openStreams += 1
        let exchange = pool.take()
        exchange {
            $0.transport = transport
            $0.streamID = stream
            $0.slot = exchanges.count
        }
        exchanges.append(exchange)
        nghttp2_session_set_stream_user_data(session, stream, exchange.pointer)
        receiving = exchange
        receivingTrailers = false
    }

    /// One stream more than the client may have: it may ask again (RFC 9113, 5.1.2 and 8.7). Its fields are decoded and
    /// passed over.
    private func refuse(_ stream: Int32, length: Int) {
        receiving = nil
        nghttp2_submit_rst_stream(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, NGHTTP2_REFUSED_STREAM.rawValue)
        charge(FrameCost.refused(length: length) + (hasAcknowledgedSettings ? FrameCost.unheededLimit : 0))
    }

    /// Returns false where the connection can't go on.
    @inline(__always)
    func header(name: Bytes, value: Bytes) -> Bool {
        listBytes += name.count + value.count + 32
        listFields += 1
        if listBytes > limits.headerListBytes || heldHeaderBytes + listBytes > limits.heldHeaderBytes {
            return oversized()
        }
        if let exchange = receiving { exchange { header(name, value, in: $0) } }
        return true
    }

    private func header(_ name: Bytes, _ value: Bytes, in exchange: Exchange) {
        guard exchange.fault == .none else { return }
        if receivingTrailers {
            exchange.requestTrailers.append(name: name, value: value)
        } else if exchange.request.fields.count >= limits.headerFields {
            exchange.fault = .headersTooLarge
        } else if name.count > 0, name[0] == UInt8(ascii: ":") {
            RequestFields.setPseudo(name, value, in: &exchange.request)
        } else if !RequestFields.add(name, value, to: &exchange.request) {
            exchange.fault = .malformed
        }
    }

    /// Fields of a list that is too long aren't kept, but each costs its decoding: an index is one byte (HPACK bomb).
    private func oversized() -> Bool {
        if let exchange = receiving, !receivingTrailers, exchange({ $0.fault == .none }) {
            exchange { $0.fault = .headersTooLarge }
            charge(FrameCost.oversizedHead)
        }
        if listBytes > limits.headerListBytes * Self.outrageousFactor
            || listFields > limits.headerFields * Self.outrageousFactor
        {
            terminate(NGHTTP2_ENHANCE_YOUR_CALM)
        }
        return !isTerminated
    }

    /// A field that RFC 9113 forbids: the request is answered as malformed.
    func invalidHeader() {
        if let exchange = receiving { exchange { $0.fault = .malformed } }
    }

    func headersEnded(stream: Int32, isRequest: Bool, endsStream: Bool) {
        guard let exchange = receiving, exchange({ $0.streamID == stream }) else { return }
        receiving = nil
        if isRequest {
            exchange {
                if $0.fault == .none { $0.fault = RequestFields.fault(in: $0.request, limits) }
                $0.headBytes = $0.request.fields.listSize
                heldHeaderBytes += $0.headBytes
            }
            events.append(.request(exchange, isWhole: endsStream))
        } else if endsStream {
            events.append(.requestEnded(exchange))
        }
    }

    func data(stream: Int32, _ bytes: Bytes) {
        guard let exchange = exchange(stream) else {
            // Of a stream that was refused.
            nghttp2_session_consume_connection(session, bytes.count)
            return
        }
        let isExpected = exchange { exchange in
            exchange.requestBodyReceived += bytes.count
            guard let limit = limits.bodyBytes, exchange.requestBodyReceived > limit, !exchange.isTunnel else {
                return true
            }
            consumed(exchange, bytes.count)
            return false
        }
        if isExpected { return events.append(.body(exchange, bytes)) }
        guard exchange({ $0.fault == .none }) else { return }
        exchange { $0.fault = .bodyTooLarge }
        events.append(.requestTooLarge(exchange))
    }

    func dataEnded(stream: Int32) {
        guard let exchange = exchange(stream) else { return }
        events.append(.requestEnded(exchange))
    }

    func streamClosed(_ stream: Int32, error: UInt32) {
        guard let exchange = exchange(stream) else { return }
        openStreams -= 1
        let unread = exchange { exchange in
            let isWhole =
                error == NGHTTP2_NO_ERROR.rawValue && exchange.responseEnded && exchange.responseBody.isEmpty
            charge(isWhole ? FrameCost.completedResponse : exchange.wasReset ? 0 : FrameCost.brokenStream)
            exchange.isGone = true
            let unread = exchange.requestBodyReceived - exchange.requestBodyConsumed
            exchange.requestBodyConsumed += unread
            return unread
        }
        if unread > 0 { nghttp2_session_consume_connection(session, unread) }
        nghttp2_session_set_stream_user_data(session, stream, nil)
        if let receiving, receiving.pointer == exchange.pointer { self.receiving = nil }
        events.append(.closed(exchange))
    }

    /// Takes a closed exchange off the list and back into the pool: the last act upon it.
    package func release(_ exchange: Uncounted<Exchange>) {
        let slot = exchange {
            heldHeaderBytes -= $0.headBytes
            return $0.slot
        }
        let last = exchanges.removeLast()
        if slot < exchanges.count {
            exchanges[slot] = last
            last { $0.slot = slot }
        }
        pool.give(back: exchange)
    }

    /// Fills a DATA frame of `exchange`. Returns libnghttp2's answer: a length or an error.
    func readBody(_ exchange: Exchange, into buffer: UnsafeMutableRawBufferPointer, flags: inout UInt32) -> Int {
        let available = min(exchange.responseBody.count, buffer.count)
        if available == 0 && !exchange.responseEnded { return Int(NGHTTP2_ERR_DEFERRED.rawValue) }
        buffer.copyMemory(from: exchange.responseBody.readable.part(0, available))
        exchange.responseBody.consume(available)
        exchange.responseBodySent += available
        exchange.noteHeldBytes()
        charge(FrameCost.sent(length: available, leaves: exchange.responseBody.count))
        if exchange.responseBody.isEmpty && exchange.responseEnded {
            flags |= NGHTTP2_DATA_FLAG_EOF.rawValue
            if exchange.responseTrailers.count > 0 {
                flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
                withFields(status: nil, exchange.responseTrailers) { fields, count in
                    nghttp2_submit_trailer(session, exchange.streamID, fields, count)
                }
            }
        } else if exchange.wantsDrain, exchange.responseBody.count <= responseLowWater {
            exchange.wantsDrain = false
            events.append(.drained(Uncounted(exchange)))
        }
        return available
    }

    @inline(__always)
    private func exchange(_ stream: Int32) -> Uncounted<Exchange>? {
        nghttp2_session_get_stream_user_data(session, stream).map { Uncounted(pointer: $0) }
    }

    private func submitSettings() {
        var settings = [
            setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.concurrentStreams + Self.refusedStreams),
            setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.streamWindow),
            setting(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.headerListBytes),
        ]
        if limits.tunnels { settings.append(setting(NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1)) }
        nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), &settings, settings.count)
        nghttp2_session_set_local_window_size(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, Int32(limits.connectionWindow))
    }

    /// libnghttp2 ends the connection of a client that has one stream too many. So it is told of a higher limit than the
    /// client, and the session itself refuses what is between them.
    private func takeSettings() {
        var frame: UnsafePointer<UInt8>?
        let length = nghttp2_session_mem_send(session, &frame)
        guard length > 0 else { return }
        var bytes = Array(UnsafeBufferPointer(start: frame, count: length))
        let firstEntry = 9
        let value = firstEntry + 2
        if bytes.count >= value + 4, bytes[firstEntry] == 0,
            UInt32(bytes[firstEntry + 1]) == NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue
        {
            withUnsafeBytes(of: UInt32(clamping: limits.concurrentStreams).bigEndian) {
                bytes.replaceSubrange(value..<value + 4, with: $0)
            }
        }
        taken.append(bytes)
    }

    private func setting(_ id: nghttp2_settings_id, _ value: Int) -> nghttp2_settings_entry {
        nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: UInt32(clamping: value))
    }

    /// Lends `block`, behind a status where there is one, as libnghttp2's fields.
    ///
    /// Not copied unless asked: an exchange's own blocks live until its stream is closed, longer than any frame.
    private func withFields(
        status: Int?, _ block: borrowing HeaderBlock, copying: Bool = false,
        _ body: (UnsafePointer<nghttp2_nv>?, Int) -> Int32
    ) {
        let inPlace =
            copying ? 0 : UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue)
        withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: block.count + 1) { fields in
            var count = 0
            if let status {
                fields.initializeElement(at: 0, to: StatusFields.field(for: status))
                count = 1
            }
            var index = 0
            while index < block.count {
                let name = block.name(index)
                let value = block.value(index)
                var flags = inPlace
                if block.header(index) == .xRequestId { flags |= UInt8(NGHTTP2_NV_FLAG_NO_INDEX.rawValue) }
                fields.initializeElement(
                    at: count,
                    to: nghttp2_nv(
                        name: UnsafeMutablePointer(mutating: name.baseAddress?.assumingMemoryBound(to: UInt8.self)),
                        value: UnsafeMutablePointer(mutating: value.baseAddress?.assumingMemoryBound(to: UInt8.self)),
                        namelen: name.count, valuelen: value.count, flags: flags))
                count += 1
                index += 1
            }
            _ = body(fields.baseAddress, count)
        }
    }
}
