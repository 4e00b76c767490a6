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
    /// Its size until now (RFC 9113, 6.5.2).
    private var receivedListSize = 0
    private var isDraining = false
    private var highestStream: Int32 = 0
    /// Streams that ended in an error, less those that ended well.
    private var brokenStreams = 0
    private var budget = FrameBudget()

    /// As many broken streams more than whole ones, and the client is told to calm down. libnghttp2 bounds the resets
    /// that a client sends; this bounds those that it provokes too (MadeYouReset, CVE-2025-8671).
    private static let brokenStreamBudget = 1000

    package init?(limits: HTTP2Limits, pool: ExchangePool, transport: any ExchangeTransport) {
        self.limits = limits
        self.pool = pool
        self.transport = transport
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
    }

    deinit {
        nghttp2_session_del(session)
        for exchange in exchanges { pool.give(back: exchange) }
    }

    // MARK: Bytes

    /// Takes in what the client sent. False: the connection can't go on; what is to be sent (a GOAWAY) still may.
    package func receive(_ bytes: Bytes) -> Bool {
        nghttp2_session_mem_recv(session, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
            == bytes.count
    }

    /// Appends frames to `out` until it holds about `limit` bytes or nothing is left to send. True: something may be.
    @discardableResult
    package func collect(into out: inout ByteQueue, upTo limit: Int) -> Bool {
        while out.count < limit {
            var frame: UnsafePointer<UInt8>?
            let length = nghttp2_session_mem_send(session, &frame)
            guard length > 0 else { return false }
            out.append(Bytes(start: frame, count: length))
        }
        return true
    }

    package var wantsToSend: Bool { nghttp2_session_want_write(session) != 0 }

    package func takeEvents(into taken: inout [ExchangeEvent]) -> Bool {
        guard !events.isEmpty else { return false }
        swap(&events, &taken)
        return true
    }

    package var wantsToReceive: Bool { true }

    package var isReceivingHead: Bool { receiving != nil }

    /// A stream that is broken off is reset by itself.
    package var endsAbruptly: Bool { false }

    /// Neither side has anything more to say.
    package var isFinished: Bool {
        nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0
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
        nghttp2_submit_rst_stream(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), exchange.streamID, NGHTTP2_INTERNAL_ERROR.rawValue)
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

    /// Ends the connection with a GOAWAY that says why.
    private func terminate(_ error: nghttp2_error_code) {
        nghttp2_session_terminate_session(session, error.rawValue)
    }

    // MARK: What libnghttp2 tells

    /// A stream's id must be higher than all before it (RFC 9113, 5.1.1); libnghttp2 passes over one that isn't.
    ///
    /// Also counts what each frame costs or earns (`FrameBudget`).
    func frameBegan(_ header: nghttp2_frame_hd) {
        if !pays(for: UInt32(header.type)) { return terminate(NGHTTP2_ENHANCE_YOUR_CALM) }
        guard UInt32(header.type) == NGHTTP2_HEADERS.rawValue, header.stream_id <= highestStream,
            nghttp2_session_find_stream(session, header.stream_id) == nil
        else { return }
        terminate(NGHTTP2_PROTOCOL_ERROR)
    }

    private func pays(for type: UInt32) -> Bool {
        switch type {
        case NGHTTP2_HEADERS.rawValue:
            budget.earn(10)
            return true
        case NGHTTP2_CONTINUATION.rawValue: return true  // Bounded by libnghttp2.
        case NGHTTP2_SETTINGS.rawValue: return budget.spend(5)
        default: return budget.spend(1)
        }
    }

    /// To be called about once a second.
    package func secondPassed() {
        budget.secondPassed()
        guard exchanges.isEmpty, events.isEmpty, exchanges.capacity + events.capacity > 0 else { return }
        // Nobody asks anything at the moment: an idle connection keeps no room for it.
        exchanges = []
        events = []
    }

    func headersBegan(stream: Int32, isRequest: Bool) {
        receivedListSize = 0
        guard isRequest else {
            receiving = exchange(stream)
            receivingTrailers = true
            return
        }
        highestStream = stream
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

    @inline(__always)
    func header(name: Bytes, value: Bytes) {
        if let exchange = receiving { exchange { header(name, value, in: $0) } }
    }

    private func header(_ name: Bytes, _ value: Bytes, in exchange: Exchange) {
        guard exchange.fault == .none else { return }
        receivedListSize += name.count + value.count + 32
        if receivingTrailers {
            guard receivedListSize <= limits.headerListBytes else { return }
            exchange.requestTrailers.append(name: name, value: value)
        } else if receivedListSize > limits.headerListBytes || exchange.request.fields.count >= limits.headerFields {
            exchange.fault = .headersTooLarge
        } else if name.count > 0, name[0] == UInt8(ascii: ":") {
            RequestFields.setPseudo(name, value, in: &exchange.request)
        } else if !RequestFields.add(name, value, to: &exchange.request) {
            exchange.fault = .malformed
        }
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
            }
            events.append(.request(exchange, isWhole: endsStream))
        } else if endsStream {
            events.append(.requestEnded(exchange))
        }
    }

    func data(stream: Int32, _ bytes: Bytes) {
        guard let exchange = exchange(stream) else { return }
        budget.earn(2)
        let isExpected = exchange { exchange in
            exchange.requestBodyReceived += bytes.count
            guard let limit = limits.bodyBytes, exchange.requestBodyReceived > limit else { return true }
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
        if error == NGHTTP2_NO_ERROR.rawValue {
            brokenStreams = max(0, brokenStreams - 1)
        } else {
            brokenStreams += 1
            if brokenStreams == Self.brokenStreamBudget { terminate(NGHTTP2_ENHANCE_YOUR_CALM) }
        }
        guard let exchange = exchange(stream) else { return }
        let unread = exchange { exchange in
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
        let slot = exchange { $0.slot }
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
        budget.earn(3)
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
            setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.concurrentStreams),
            setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.streamWindow),
            setting(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.headerListBytes),
        ]
        nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), &settings, settings.count)
        nghttp2_session_set_local_window_size(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, Int32(limits.connectionWindow))
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
