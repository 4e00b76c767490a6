import CNGHTTP2
package import HTTPMessages

/// The client side of one HTTP/2 connection, without any I/O: requests go in and become bytes, bytes go in and become
/// answers. libnghttp2 does the framing, HPACK and flow control.
///
/// Its callbacks only append events; whoever calls `receive` handles them afterwards. Streams are numbered places,
/// used again and again: nothing is allocated for a request once all places have been used.
package final class HTTP2ClientSession {
    package enum Event {
        /// The whole response is there: `status` and `body` of the place, until it is freed.
        case answered(place: Int)
        /// The stream ended before its response did, with this error code (RFC 9113, 7).
        case failed(place: Int, code: UInt32)
    }

    /// How much of a response's body is kept: enough to see what an answer says.
    package static let keptBody = 1024

    private struct Stream {
        var status = 0
        var isWhole = false
        var body = [UInt8]()
    }

    /// What has happened since the last `events.removeAll`. The owner handles and empties it.
    package var events: [Event] = []

    /// The other side wants no more requests on this connection.
    package private(set) var isGoingAway = false

    private let session: OpaquePointer
    private let fields: RequestFields
    private var streams: [Stream] = []
    private var free: [Int] = []
    private var scratch: [nghttp2_nv] = []

    /// A session whose requests all have these fields.
    package init?(_ fields: RequestFields) {
        self.fields = fields
        var made: OpaquePointer?
        guard nghttp2_session_client_new(&made, HTTP2ClientCallbacks.shared.callbacks, nil) == 0, let made else {
            return nil
        }
        session = made
        nghttp2_session_set_user_data(session, Unmanaged.passUnretained(self).toOpaque())
        var settings = [
            nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0),
            nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: 1 << 20),
        ]
        nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), &settings, settings.count)
        nghttp2_session_set_local_window_size(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, 1 << 30)
    }

    deinit { nghttp2_session_del(session) }

    // MARK: Bytes

    /// Takes in what the server sent. False: the connection can't go on.
    package func receive(_ bytes: Bytes) -> Bool {
        nghttp2_session_mem_recv(session, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
            == bytes.count
    }

    /// Appends all that is to be sent to `out`, up to about 64 KiB.
    package func collect(into out: inout ByteQueue) {
        while out.count < 64 * 1024 {
            var frame: UnsafePointer<UInt8>?
            let length = nghttp2_session_mem_send(session, &frame)
            guard length > 0 else { return }
            out.append(Bytes(start: frame, count: length))
        }
    }

    package var wantsToSend: Bool { nghttp2_session_want_write(session) != 0 }

    // MARK: Requests

    /// Sends a request with the session's fields and, where given, this `authorization`, whose bytes must live until
    /// the answer is there. Returns the place of its stream, or nil where the connection takes no more.
    package func submit(authorization: Bytes?) -> Int? {
        guard !isGoingAway else { return nil }
        let place = free.popLast() ?? addPlace()
        scratch.removeAll(keepingCapacity: true)
        scratch.append(contentsOf: fields.fields)
        if let authorization { scratch.append(RequestFields.authorization(authorization)) }
        let stream = nghttp2_submit_request(
            session, nil, scratch, scratch.count, nil, UnsafeMutableRawPointer(bitPattern: place + 1))
        guard stream > 0 else {
            free.append(place)
            return nil
        }
        return place
    }

    package func status(_ place: Int) -> Int { streams[place].status }

    /// The beginning of the body, at most `keptBody` bytes.
    package func body(_ place: Int) -> [UInt8] { streams[place].body }

    /// The owner is done with what happened at `place`.
    package func release(_ place: Int) {
        streams[place].status = 0
        streams[place].isWhole = false
        streams[place].body.removeAll(keepingCapacity: true)
        free.append(place)
    }

    private func addPlace() -> Int {
        streams.append(Stream())
        return streams.count - 1
    }

    // MARK: What libnghttp2 tells

    private func place(_ stream: Int32) -> Int? {
        nghttp2_session_get_stream_user_data(session, stream).map { Int(bitPattern: $0) - 1 }
    }

    func header(stream: Int32, name: Bytes, value: Bytes) {
        guard name.equals(":status"), value.count == 3, let place = place(stream) else { return }
        streams[place].status = value.reduce(0) { $0 * 10 + Int($1 & 15) }
    }

    func data(stream: Int32, _ bytes: Bytes) {
        guard let place = place(stream) else { return }
        let room = HTTP2ClientSession.keptBody - streams[place].body.count
        streams[place].body.append(contentsOf: bytes.prefix(room))
    }

    func ended(stream: Int32) {
        guard let place = place(stream) else { return }
        streams[place].isWhole = true
    }

    func closed(stream: Int32, code: UInt32) {
        guard let place = place(stream) else { return }
        events.append(streams[place].isWhole ? .answered(place: place) : .failed(place: place, code: code))
    }

    func goesAway() { isGoingAway = true }
}
