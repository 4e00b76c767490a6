import CNGHTTP2
import HTTPMessages

/// libnghttp2's client session: another reading of the protocol than the one under test.
final class HTTP2Client: NGHTTP2Peer {
    struct Response: Equatable {
        var status = 0
        var interim: [Int] = []
        var fields: [String: String] = [:]
        var trailers: [String: String] = [:]
        var body: [UInt8] = []
        /// The code that the stream ended with; nil while it is open.
        var closed: UInt32?
    }

    private(set) var responses: [Int32: Response] = [:]
    /// The code of the server's GOAWAY.
    private(set) var goAway: UInt32?
    private(set) var session: OpaquePointer?
    private var bodies: [Int32: [UInt8]] = [:]

    /// - Parameter window: how many bytes of a response the server may send before it is given leave to go on; nil: as
    ///   libnghttp2 does it by itself.
    init(window: Int? = nil) {
        var callbacks: OpaquePointer?
        nghttp2_session_callbacks_new(&callbacks)
        nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, frame, name, nameLength, value, length, _, user in
            guard let frame, let user else { return -1 }
            HTTP2Client.from(user).header(
                frame.pointee.hd.stream_id, Bytes(start: name, count: nameLength).string,
                Bytes(start: value, count: length).string)
            return 0
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, stream, data, length, user in
            guard let user else { return -1 }
            HTTP2Client.from(user).responses[stream, default: Response()].body += Bytes(start: data, count: length)
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, code, user in
            guard let user else { return -1 }
            HTTP2Client.from(user).responses[stream, default: Response()].closed = code
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, user in
            guard let frame, let user else { return -1 }
            if frame.pointee.hd.type == UInt8(NGHTTP2_GOAWAY.rawValue) {
                HTTP2Client.from(user).goAway = frame.pointee.goaway.error_code
            }
            return 0
        }
        var options: OpaquePointer?
        nghttp2_option_new(&options)
        if window != nil { nghttp2_option_set_no_auto_window_update(options, 1) }
        // Hostile requests must be possible.
        nghttp2_option_set_no_http_messaging(options, 1)
        nghttp2_session_client_new2(&session, callbacks, Unmanaged.passUnretained(self).toOpaque(), options)
        nghttp2_session_callbacks_del(callbacks)
        nghttp2_option_del(options)
        var settings: [nghttp2_settings_entry] = []
        if let window {
            settings = [
                nghttp2_settings_entry(
                    settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: UInt32(window))
            ]
        }
        nghttp2_submit_settings(session, 0, settings, settings.count)
    }

    deinit { nghttp2_session_del(session) }

    private static func from(_ user: UnsafeMutableRawPointer) -> HTTP2Client {
        Unmanaged<HTTP2Client>.fromOpaque(user).takeUnretainedValue()
    }

    private func header(_ stream: Int32, _ name: String, _ value: String) {
        var response = responses[stream, default: Response()]
        if name == ":status", let status = Int(value) {
            if status < 200 { response.interim.append(status) } else { response.status = status }
        } else if response.status == 0 {
            // Of an interim response: not looked at.
        } else if response.body.isEmpty, response.fields["content-type"] == nil {
            response.fields[name] = value
        } else {
            response.trailers[name] = value
        }
        responses[stream] = response
    }

    static func fields(
        _ method: String = "GET", _ path: String = "/", authority: String? = "acme.test",
        _ more: [(String, String)] = []
    ) -> [(String, String)] {
        [(":method", method), (":scheme", "https"), (":path", path)] + (authority.map { [(":authority", $0)] } ?? [])
            + more
    }

    /// Returns the stream's id. `body` nil: the head ends the request.
    @discardableResult
    func request(_ fields: [(String, String)], body: [UInt8]? = nil) -> Int32 {
        let stream = lend(fields) { pointer, count in
            guard body != nil else { return nghttp2_submit_request(session, nil, pointer, count, nil, nil) }
            var source = nghttp2_data_provider()
            source.read_callback = { _, stream, buffer, length, flags, _, user in
                guard let user, let buffer, let flags else { return -1 }
                return HTTP2Client.from(user).read(stream, buffer, length, &flags.pointee)
            }
            return nghttp2_submit_request(session, nil, pointer, count, &source, nil)
        }
        bodies[stream] = body
        return stream
    }

    private func read(
        _ stream: Int32, _ buffer: UnsafeMutablePointer<UInt8>, _ length: Int, _ flags: inout UInt32
    ) -> Int {
        let rest = bodies[stream] ?? []
        let count = min(rest.count, length)
        for index in 0..<count { buffer[index] = rest[index] }
        bodies[stream] = Array(rest.dropFirst(count))
        if count == rest.count { flags |= NGHTTP2_DATA_FLAG_EOF.rawValue }
        return count
    }

    func reset(_ stream: Int32) { nghttp2_submit_rst_stream(session, 0, stream, NGHTTP2_CANCEL.rawValue) }

    /// Gives the server leave for `length` more bytes on the stream and the connection.
    func allow(_ stream: Int32, _ length: Int32) {
        nghttp2_submit_window_update(session, 0, stream, length)
        nghttp2_submit_window_update(session, 0, 0, length)
    }
}
