import CNGHTTP2
import HTTPMessages

/// libnghttp2's callbacks, made once. Each finds its session and calls one method.
final class HTTP2ClientCallbacks: @unchecked Sendable {  // Never changed after `init`.
    static let shared = HTTP2ClientCallbacks()

    let callbacks: OpaquePointer?

    private init() {
        var callbacks: OpaquePointer?
        nghttp2_session_callbacks_new(&callbacks)
        self.callbacks = callbacks
        nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, frame, name, nameLength, value, length, _, user in
            guard let frame, let user else { return 0 }
            HTTP2ClientCallbacks.session(user).header(
                stream: frame.pointee.hd.stream_id, name: Bytes(start: name, count: nameLength),
                value: Bytes(start: value, count: length))
            return 0
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, stream, data, length, user in
            guard let user else { return 0 }
            HTTP2ClientCallbacks.session(user).data(stream: stream, Bytes(start: data, count: length))
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, user in
            guard let frame, let user else { return 0 }
            let header = frame.pointee.hd
            switch UInt32(header.type) {
            case NGHTTP2_GOAWAY.rawValue:
                HTTP2ClientCallbacks.session(user).goesAway()
            case NGHTTP2_HEADERS.rawValue, NGHTTP2_DATA.rawValue:
                guard UInt32(header.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0 else { return 0 }
                HTTP2ClientCallbacks.session(user).ended(stream: header.stream_id)
            default: break
            }
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, code, user in
            guard let user else { return 0 }
            HTTP2ClientCallbacks.session(user).closed(stream: stream, code: code)
            return 0
        }
    }

    @inline(__always)
    private static func session(_ user: UnsafeMutableRawPointer) -> HTTP2ClientSession {
        Unmanaged<HTTP2ClientSession>.fromOpaque(user).takeUnretainedValue()
    }
}
