import CNGHTTP2
import HTTPMessages

/// Takes what a session has to send.
enum OutboundFrames {
    /// Appends frames to `out` until it holds about `limit` bytes or nothing is left to send. True: something may be.
    @inline(__always)
    static func take(from session: OpaquePointer, into out: inout ByteQueue, upTo limit: Int) -> Bool {
        while out.count < limit {
            var frame: UnsafePointer<UInt8>?
            let length = nghttp2_session_mem_send(session, &frame)
            guard length > 0 else { return false }
            out.append(Bytes(start: frame, count: length))
        }
        return true
    }
}
