import CNGHTTP2
import HTTPMessages

/// libnghttp2's callbacks and options for clients, made once. Each callback finds its session and calls one method.
final class HTTP2ClientCallbacks: @unchecked Sendable {  // Never changed after `init`.
    static let shared = HTTP2ClientCallbacks()

    let callbacks: OpaquePointer?
    let options: OpaquePointer?

    private init() {
        var callbacks: OpaquePointer?
        nghttp2_session_callbacks_new(&callbacks)
        self.callbacks = callbacks
        var options: OpaquePointer?
        nghttp2_option_new(&options)
        self.options = options

        nghttp2_option_set_no_auto_window_update(options, 1)
        nghttp2_option_set_max_settings(options, 32)
        nghttp2_option_set_max_outbound_ack(options, 256)

        nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, header, user in
            guard let header, let user else { return HTTP2ClientCallbacks.failure }
            HTTP2ClientCallbacks.withSession(user) { $0.frameBegan(header.pointee) }
            return 0
        }
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, user in
            guard let frame, let user else { return HTTP2ClientCallbacks.failure }
            HTTP2ClientCallbacks.withSession(user) { $0.headersBegan(stream: frame.pointee.hd.stream_id) }
            return 0
        }
        nghttp2_session_callbacks_set_on_header_callback(callbacks) { _, _, name, nameLength, value, length, _, user in
            guard let user else { return HTTP2ClientCallbacks.failure }
            HTTP2ClientCallbacks.withSession(user) {
                $0.header(name: Bytes(start: name, count: nameLength), value: Bytes(start: value, count: length))
            }
            return 0
        }
        nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks) { _, _, _, _, _, _, _, user in
            guard let user else { return HTTP2ClientCallbacks.failure }
            HTTP2ClientCallbacks.withSession(user) { $0.invalidHeader() }
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, user in
            guard let frame, let user else { return HTTP2ClientCallbacks.failure }
            let header = frame.pointee.hd
            let ends = UInt32(header.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0
            switch UInt32(header.type) {
            case NGHTTP2_HEADERS.rawValue:
                HTTP2ClientCallbacks.withSession(user) { $0.headersEnded(stream: header.stream_id, endsStream: ends) }
            case NGHTTP2_DATA.rawValue where ends:
                HTTP2ClientCallbacks.withSession(user) { $0.dataEnded(stream: header.stream_id) }
            case NGHTTP2_SETTINGS.rawValue:
                let isAcknowledgement = UInt32(header.flags) & NGHTTP2_FLAG_ACK.rawValue != 0
                HTTP2ClientCallbacks.withSession(user) { $0.settingsCame(isAcknowledgement: isAcknowledgement) }
            case NGHTTP2_GOAWAY.rawValue: HTTP2ClientCallbacks.withSession(user) { $0.goingAway() }
            default: break
            }
            return 0
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, stream, data, length, user in
            guard let user else { return HTTP2ClientCallbacks.failure }
            HTTP2ClientCallbacks.withSession(user) { $0.data(stream: stream, Bytes(start: data, count: length)) }
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, error, user in
            guard let user else { return HTTP2ClientCallbacks.failure }
            HTTP2ClientCallbacks.withSession(user) { $0.streamClosed(stream, error: error) }
            return 0
        }
    }

    static let readBody: nghttp2_data_source_read_callback = { _, _, buffer, length, flags, source, user in
        guard let buffer, let flags, let user, let stream = source?.pointee.ptr else { return Int(failure) }
        let body = UnsafeMutableRawBufferPointer(start: buffer, count: length)
        return HTTP2ClientCallbacks.withSession(user) { session in
            Unmanaged<HTTP2ClientStream>.fromOpaque(stream)._withUnsafeGuaranteedRef {
                session.readBody($0, into: body, flags: &flags.pointee)
            }
        }
    }

    private static let failure = Int32(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)

    /// The session outlives every call into libnghttp2, so there is nothing to count.
    @inline(__always)
    private static func withSession<Result>(
        _ user: UnsafeMutableRawPointer, _ body: (HTTP2ClientSession) -> Result
    ) -> Result {
        Unmanaged<HTTP2ClientSession>.fromOpaque(user)._withUnsafeGuaranteedRef(body)
    }
}
