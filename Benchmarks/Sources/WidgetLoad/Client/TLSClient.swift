import COpenSSL
import EventLoop
import HTTPMessages

/// The client's TLS settings: TLS 1.2 and 1.3, `h2` only. The certificate isn't verified: what is loaded is one's own
/// gateway, with a development certificate more often than not.
final class TLSClientContext {
    let context: OpaquePointer

    init?() {
        guard let context = SSL_CTX_new(TLS_client_method()) else { return nil }
        self.context = context
        _ = widget_SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION)
        _ = widget_SSL_CTX_set_mode(
            context,
            Int(SSL_MODE_RELEASE_BUFFERS) | Int(SSL_MODE_ENABLE_PARTIAL_WRITE)
                | Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER))
        widget_SSL_CTX_set_read_ahead(context, 1)
        SSL_CTX_set_alpn_protos(context, [2] + Array("h2".utf8), 3)
    }

    deinit { SSL_CTX_free(context) }
}

/// The client side of one TLS connection on a non-blocking socket.
final class TLSClient {
    enum Outcome: Equatable {
        case done(Int)
        case wantsRead
        case wantsWrite
        case closed
    }

    private let ssl: OpaquePointer

    /// `name` is sent as SNI; nil for a literal address, which SNI can't carry (RFC 6066, 3).
    init?(_ context: TLSClientContext, socket: Int32, name: String?) {
        guard let ssl = SSL_new(context.context) else { return nil }
        self.ssl = ssl
        SSL_set_fd(ssl, socket)
        SSL_set_connect_state(ssl)
        if let name {
            _ = name.withCString {
                SSL_ctrl(
                    ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name),
                    UnsafeMutableRawPointer(mutating: $0)
                )
            }
        }
    }

    deinit { SSL_free(ssl) }

    /// `.done` once the handshake is over; `.closed` also where the server doesn't speak `h2`.
    func handshake() -> Outcome {
        let result = SSL_do_handshake(ssl)
        guard result == 1 else { return outcome(result) }
        var name: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &length)
        return length == 2 ? .done(0) : .closed
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        outcome(SSL_read(ssl, buffer.baseAddress, Int32(truncatingIfNeeded: buffer.count)))
    }

    func write(_ bytes: Bytes) -> Outcome {
        outcome(SSL_write(ssl, bytes.baseAddress, Int32(truncatingIfNeeded: bytes.count)))
    }

    func close() {
        SSL_shutdown(ssl)
        ERR_clear_error()
    }

    private func outcome(_ result: Int32) -> Outcome {
        guard result <= 0 else { return .done(Int(result)) }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        default:
            ERR_clear_error()
            return .closed
        }
    }
}
