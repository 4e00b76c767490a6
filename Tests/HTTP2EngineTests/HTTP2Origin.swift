import CNGHTTP2
import HTTPMessages

/// libnghttp2's server session: what answers the client under test.
final class HTTP2Origin: NGHTTP2Peer {
    struct Request: Equatable {
        var fields: [String: String] = [:]
        var trailers: [String: String] = [:]
        var body: [UInt8] = []
        var isWhole = false
        /// The code that the stream ended with; nil while it is open.
        var closed: UInt32?
    }

    private(set) var requests: [Int32: Request] = [:]
    /// Bytes of padding in each DATA frame, where the window has room for them; such frames are small.
    var padding = 0
    /// The code of the client's GOAWAY.
    private(set) var goAway: UInt32?
    private(set) var session: OpaquePointer?
    private var bodies: [Int32: (rest: [UInt8], trailers: [(String, String)])] = [:]

    init(settings: [(nghttp2_settings_id, Int)] = []) {
        var callbacks: OpaquePointer?
        nghttp2_session_callbacks_new(&callbacks)
        nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, frame, name, nameLength, value, length, _, user in
            guard let frame, let user else { return -1 }
            HTTP2Origin.from(user).header(
                frame.pointee.hd.stream_id, Bytes(start: name, count: nameLength).string,
                Bytes(start: value, count: length).string, isTrailer: frame.pointee.headers.cat == NGHTTP2_HCAT_HEADERS)
            return 0
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, stream, data, length, user in
            guard let user else { return -1 }
            HTTP2Origin.from(user).requests[stream, default: Request()].body += Bytes(start: data, count: length)
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, user in
            guard let frame, let user else { return -1 }
            HTTP2Origin.from(user).received(frame.pointee)
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, code, user in
            guard let user else { return -1 }
            HTTP2Origin.from(user).requests[stream, default: Request()].closed = code
            return 0
        }
        nghttp2_session_callbacks_set_select_padding_callback(callbacks) { _, frame, most, user in
            guard let frame, let user, UInt32(frame.pointee.hd.type) == NGHTTP2_DATA.rawValue else {
                return frame?.pointee.hd.length ?? 0
            }
            return min(frame.pointee.hd.length + HTTP2Origin.from(user).padding, most)
        }
        var options: OpaquePointer?
        nghttp2_option_new(&options)
        // Hostile responses must be possible.
        nghttp2_option_set_no_http_messaging(options, 1)
        nghttp2_session_server_new2(&session, callbacks, Unmanaged.passUnretained(self).toOpaque(), options)
        nghttp2_option_del(options)
        nghttp2_session_callbacks_del(callbacks)
        let entries = settings.map {
            nghttp2_settings_entry(settings_id: Int32($0.0.rawValue), value: UInt32($0.1))
        }
        nghttp2_submit_settings(session, 0, entries, entries.count)
    }

    deinit { nghttp2_session_del(session) }

    private static func from(_ user: UnsafeMutableRawPointer) -> HTTP2Origin {
        Unmanaged<HTTP2Origin>.fromOpaque(user).takeUnretainedValue()
    }

    private func header(_ stream: Int32, _ name: String, _ value: String, isTrailer: Bool) {
        if isTrailer {
            requests[stream, default: Request()].trailers[name] = value
        } else {
            requests[stream, default: Request()].fields[name] = value
        }
    }

    private func received(_ frame: nghttp2_frame) {
        switch UInt32(frame.hd.type) {
        case NGHTTP2_GOAWAY.rawValue: goAway = frame.goaway.error_code
        case NGHTTP2_HEADERS.rawValue, NGHTTP2_DATA.rawValue:
            if UInt32(frame.hd.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0 {
                requests[frame.hd.stream_id, default: Request()].isWhole = true
            }
        default: break
        }
    }

    // MARK: Answers

    /// `body` nil: the head ends the response.
    func respond(
        _ stream: Int32, _ status: Int = 200, _ more: [(String, String)] = [], body: [UInt8]? = nil,
        trailers: [(String, String)] = []
    ) {
        lend([(":status", "\(status)")] + more) { fields, count in
            guard let body else {
                nghttp2_submit_response(session, stream, fields, count, nil)
                return
            }
            bodies[stream] = (body, trailers)
            var source = nghttp2_data_provider()
            source.read_callback = { _, stream, buffer, length, flags, _, user in
                guard let user, let buffer, let flags else { return -1 }
                return HTTP2Origin.from(user).read(stream, buffer, length, &flags.pointee)
            }
            nghttp2_submit_response(session, stream, fields, count, &source)
        }
    }

    func inform(_ stream: Int32, _ status: Int, _ more: [(String, String)] = []) {
        lend([(":status", "\(status)")] + more) { fields, count in
            nghttp2_submit_headers(session, 0, stream, nil, fields, count, nil)
        }
    }

    func reset(_ stream: Int32, _ code: UInt32) { nghttp2_submit_rst_stream(session, 0, stream, code) }

    /// Says that nothing after `last` is answered.
    func leave(after last: Int32) { nghttp2_submit_goaway(session, 0, last, NGHTTP2_NO_ERROR.rawValue, nil, 0) }

    func ping() { nghttp2_submit_ping(session, 0, nil) }

    private func read(
        _ stream: Int32, _ buffer: UnsafeMutablePointer<UInt8>, _ length: Int, _ flags: inout UInt32
    ) -> Int {
        guard let (rest, trailers) = bodies[stream] else { return -1 }
        let count = min(rest.count, padding > 0 ? min(1000, length) : length)
        for index in 0..<count { buffer[index] = rest[index] }
        bodies[stream]?.rest = Array(rest.dropFirst(count))
        guard count == rest.count else { return count }
        flags |= NGHTTP2_DATA_FLAG_EOF.rawValue
        if !trailers.isEmpty {
            flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
            lend(trailers) { nghttp2_submit_trailer(session, stream, $0, $1) }
        }
        return count
    }
}
