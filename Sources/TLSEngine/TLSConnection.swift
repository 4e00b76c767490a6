import COpenSSL
import Glibc

/// One TLS connection, reading and writing its non-blocking socket directly.
package final class TLSConnection {
    package enum Handshake: Equatable {
        case done(isHTTP2: Bool)
        case wantsRead
        case wantsWrite
        case failed
    }

    package enum Outcome: Equatable {
        case done(Int)
        case wantsRead
        case wantsWrite
        case closed
        case failed
    }

    let ssl: OpaquePointer

    package init?(_ context: TLSContext, socket: Int32) {
        guard let ssl = SSL_new(context.context) else { return nil }
        self.ssl = ssl
        guard let bio = SocketBIO.make(socket) else { return nil }
        SSL_set_bio(ssl, bio, bio)
        SSL_set_accept_state(ssl)
    }

    /// Takes over what is set up for either side.
    init(_ ssl: OpaquePointer) { self.ssl = ssl }

    deinit { SSL_free(ssl) }

    package func handshake() -> Handshake {
        let result = SSL_do_handshake(ssl)
        if result == 1 {
            var name: UnsafePointer<UInt8>?
            var length: UInt32 = 0
            SSL_get0_alpn_selected(ssl, &name, &length)
            return .done(isHTTP2: length == 2)
        }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        default:
            ERR_clear_error()
            return .failed
        }
    }

    @inline(__always)
    package func read(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        let count = SSL_read(ssl, buffer.baseAddress, Int32(truncatingIfNeeded: buffer.count))
        return count > 0 ? .done(Int(count)) : failure(count)
    }

    @inline(__always)
    package func write(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        let count = SSL_write(ssl, bytes.baseAddress, Int32(truncatingIfNeeded: min(bytes.count, 1 << 30)))
        return count > 0 ? .done(Int(count)) : failure(count)
    }

    /// Whether the handshake went on from an earlier session.
    package var isResumed: Bool { SSL_session_reused(ssl) == 1 }

    /// Whether another `read` can succeed without the socket becoming readable.
    package var hasPending: Bool { SSL_has_pending(ssl) == 1 }

    /// Sends `close_notify` where the socket takes it.
    package func sendCloseNotify() {
        SSL_shutdown(ssl)
        ERR_clear_error()
    }

    private func failure(_ result: Int32) -> Outcome {
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_ZERO_RETURN: return .closed
        default:
            ERR_clear_error()
            return .failed
        }
    }
}
