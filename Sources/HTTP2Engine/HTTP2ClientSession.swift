import CNGHTTP2
package import HTTPMessages

/// The client side of one HTTP/2 connection, without any I/O: requests go in and become bytes, bytes go in and become
/// events. libnghttp2 does the framing, HPACK, flow control and the checks of RFC 9113.
package final class HTTP2ClientSession {
    /// The streams that aren't closed.
    package private(set) var streamCount = 0

    private var events: [HTTP2ClientEvent] = []
    let limits: HTTP2Limits
    /// Outlives `session`: stored properties go after `deinit`.
    private let memory: SessionMemory
    let session: OpaquePointer
    /// The streams that aren't closed: libnghttp2 has pointers to them.
    private var streams: [Int32: HTTP2ClientStream] = [:]
    private var receiving: HTTP2ClientStream?
    private var isGoingAway = false
    private var budget = FrameBudget()
    var settings = HTTP2ClientSettings()

    private static let maxInterimResponses = 16

    package init?(limits: HTTP2Limits) {
        self.limits = limits
        guard let memory = SessionMemory() else { return nil }
        var allocator = memory.allocator
        var made: OpaquePointer?
        guard
            nghttp2_session_client_new3(
                &made, HTTP2ClientCallbacks.shared.callbacks, nil, HTTP2ClientCallbacks.shared.options, &allocator)
                == 0,
            let made
        else { return nil }
        self.memory = memory
        session = made
        nghttp2_session_set_user_data(session, Unmanaged.passUnretained(self).toOpaque())
        submitFirstSettings()
    }

    deinit { nghttp2_session_del(session) }

    // MARK: Bytes

    /// Takes in what the server sent. False: the connection can't go on; what is to be sent (a GOAWAY) still may.
    package func receive(_ bytes: Bytes) -> Bool {
        nghttp2_session_mem_recv(session, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
            == bytes.count
    }

    /// Appends frames to `out` until it holds about `limit` bytes. True: something may be left.
    package func collect(into out: inout ByteQueue, upTo limit: Int) -> Bool {
        OutboundFrames.take(from: session, into: &out, upTo: limit)
    }

    package var wantsToSend: Bool { nghttp2_session_want_write(session) != 0 }

    /// Neither side has anything more to say.
    package var isFinished: Bool {
        nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0
    }

    /// Swaps what has happened since the last call with `taken`, which is empty. False: nothing has.
    package func takeEvents(into taken: inout [HTTP2ClientEvent]) -> Bool {
        guard !events.isEmpty else { return false }
        swap(&events, &taken)
        return true
    }

    // MARK: Requests

    /// Whether the server takes one more request on this connection.
    package var takesRequests: Bool {
        guard !isGoingAway, nghttp2_session_check_request_allowed(session) != 0 else { return false }
        let most = nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)
        return streamCount < min(Int(most), limits.concurrentStreams)
    }

    /// Sends a request, whose body is in `stream` as it comes.
    ///
    /// - Parameter head: as HTTP/1.1 has it, without framing: it is the gateway's own, so nothing in it is checked.
    /// - Parameter isWebSocket: asks for a tunnel by an extended CONNECT, whatever the head's method (RFC 8441, 4).
    package func submit(
        _ stream: HTTP2ClientStream, head: Bytes, isTLS: Bool, isWebSocket: Bool = false
    ) -> Bool {
        var source = nghttp2_data_provider()
        source.source.ptr = Unmanaged.passUnretained(stream).toOpaque()
        source.read_callback = HTTP2ClientCallbacks.readBody
        let isWhole = stream.bodyEnded && stream.body.isEmpty && stream.trailers.count == 0
        let id = RequestLines.withFields(of: head, isTLS: isTLS, isWebSocket: isWebSocket) { fields, count in
            if isWhole {
                nghttp2_submit_request(session, nil, fields, count, nil, Unmanaged.passUnretained(stream).toOpaque())
            } else {
                nghttp2_submit_request(
                    session, nil, fields, count, &source, Unmanaged.passUnretained(stream).toOpaque())
            }
        }
        guard id > 0 else { return false }
        stream.id = id
        streams[id] = stream
        streamCount += 1
        return true
    }

    /// More of the body, or its end, is there.
    package func resume(_ stream: HTTP2ClientStream) { nghttp2_session_resume_data(session, stream.id) }

    /// The request isn't wanted any more.
    package func cancel(_ stream: HTTP2ClientStream) { reset(stream, NGHTTP2_CANCEL) }

    /// Says that no more requests will come.
    package func drain() {
        isGoingAway = true
        nghttp2_submit_goaway(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, NGHTTP2_NO_ERROR.rawValue, nil, 0)
    }

    private func reset(_ stream: HTTP2ClientStream, _ error: nghttp2_error_code) {
        nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, error.rawValue)
    }

    /// To be called about once a second.
    package func secondPassed() { budget.secondPassed() }

    // MARK: What libnghttp2 tells

    func frameBegan(_ header: nghttp2_frame_hd) {
        let isFree = header.type == NGHTTP2_HEADERS.rawValue || header.type == NGHTTP2_CONTINUATION.rawValue
        if !isFree, !budget.spend(1) {
            nghttp2_session_terminate_session(session, NGHTTP2_ENHANCE_YOUR_CALM.rawValue)
        }
    }

    func headersBegan(stream id: Int32) {
        receiving = streams[id]
        guard let stream = receiving else { return }
        budget.earn(10)
        stream.listSize = 0
        if !stream.hasFinalHead { stream.response.removeAll() }
    }

    func header(name: Bytes, value: Bytes) {
        guard let stream = receiving, !stream.isMalformed else { return }
        stream.listSize += name.count + value.count + 32
        guard stream.listSize <= limits.headerListBytes else { return refuse(stream) }
        if stream.hasFinalHead {
            stream.responseTrailers.append(name: name, value: value)
        } else if name.count > 0, name[0] == UInt8(ascii: ":") {
            // libnghttp2 has seen to it that it is `:status`, and three digits.
            stream.response.status = value.reduce(0) { $0 * 10 + Int($1 &- 0x30) }
        } else {
            guard stream.response.fields.count < limits.headerFields else { return refuse(stream) }
            stream.response.fields.append(name: name, value: value)
        }
    }

    /// A field that RFC 9113 forbids.
    func invalidHeader() {
        if let receiving { refuse(receiving) }
    }

    private func refuse(_ stream: HTTP2ClientStream) {
        stream.isMalformed = true
        reset(stream, NGHTTP2_PROTOCOL_ERROR)
    }

    func headersEnded(stream id: Int32, endsStream: Bool) {
        receiving = nil
        guard let stream = streams[id], !stream.isMalformed else { return }
        if !stream.hasFinalHead {
            if stream.response.status < 200 {
                stream.interimResponses += 1
                guard stream.interimResponses <= Self.maxInterimResponses, stream.response.status != 101 else {
                    return refuse(stream)
                }
                var interim = ResponseHead()
                swap(&interim, &stream.response)
                events.append(.informational(stream, HTTP2InterimHead(interim)))
                return
            }
            stream.hasFinalHead = true
            // The length is checked by libnghttp2.
            stream.response.contentLength = stream.response.fields.first(.contentLength).flatMap {
                Int($0.string)
            }
            events.append(.head(stream))
        }
        if endsStream {
            stream.responseEnded = true
            events.append(.ended(stream))
        }
    }

    func data(stream id: Int32, _ bytes: Bytes) {
        // The connection's window isn't held back for one stream, or it would hold back all others.
        nghttp2_session_consume_connection(session, bytes.count)
        guard let stream = streams[id], !stream.isMalformed else { return }
        budget.earn(2)
        stream.came(bytes)
        events.append(.body(stream, bytes))
    }

    func dataEnded(stream id: Int32) {
        guard let stream = streams[id], !stream.isMalformed else { return }
        stream.responseEnded = true
        events.append(.ended(stream))
    }

    func goingAway() { isGoingAway = true }

    func streamClosed(_ id: Int32, error: UInt32) {
        guard let stream = streams.removeValue(forKey: id) else { return }
        streamCount -= 1
        if receiving === stream { receiving = nil }
        let end: HTTP2StreamEnd =
            if stream.isMalformed || error == NGHTTP2_PROTOCOL_ERROR.rawValue {
                .malformed
            } else if error == NGHTTP2_REFUSED_STREAM.rawValue {
                .refused
            } else if error == NGHTTP2_NO_ERROR.rawValue {
                .orderly
            } else {
                .broken
            }
        events.append(.closed(stream, end))
    }

    /// Fills a DATA frame. Returns libnghttp2's answer: a length or an error.
    func readBody(_ stream: HTTP2ClientStream, into buffer: UnsafeMutableRawBufferPointer, flags: inout UInt32) -> Int {
        let available = min(stream.body.count, buffer.count)
        if available == 0 && !stream.bodyEnded { return Int(NGHTTP2_ERR_DEFERRED.rawValue) }
        if available > 0 {
            buffer.copyMemory(from: stream.body.readable.part(0, available))
            stream.body.consume(available)
            events.append(.sent(stream))
            budget.earn(3)
        }
        if stream.body.isEmpty && stream.bodyEnded {
            flags |= NGHTTP2_DATA_FLAG_EOF.rawValue
            if stream.trailers.count > 0 {
                flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
                RequestLines.withFields(of: stream.trailers) { fields, count in
                    _ = nghttp2_submit_trailer(session, stream.id, fields, count)
                }
            }
        }
        return available
    }
}
