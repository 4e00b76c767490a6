import COpenSSL
import Glibc

/// The server side's TLS settings with a certificate: shared by all workers, never changed once made.
///
/// TLS 1.2 and 1.3. ALPN offers `h2`, then `http/1.1`; a client without ALPN speaks HTTP/1.1.
package final class TLSContext: @unchecked Sendable {  // OpenSSL counts references and locks inside.
    let context: OpaquePointer

    /// Loads PEM files: a certificate chain and its private key.
    package convenience init(certificateFile: String, keyFile: String) throws(TLSError) {
        try self.init()
        guard SSL_CTX_use_certificate_chain_file(context, certificateFile) == 1 else {
            throw TLSError.certificateUnusable(file: certificateFile, reason: Self.lastError())
        }
        guard SSL_CTX_use_PrivateKey_file(context, keyFile, SSL_FILETYPE_PEM) == 1 else {
            throw TLSError.keyUnusable(file: keyFile, reason: Self.lastError())
        }
        guard SSL_CTX_check_private_key(context) == 1 else {
            throw TLSError.keyUnusable(file: keyFile, reason: "the key doesn't belong to the certificate")
        }
    }

    /// A certificate made on the spot, for development: nobody can verify it.
    package convenience init(selfSignedFor hosts: [String]) throws(TLSError) {
        try self.init()
        try SelfSignedCertificate.install(for: hosts, in: context)
    }

    private init() throws(TLSError) {
        guard let context = SSL_CTX_new(TLS_server_method()) else {
            throw TLSError.unavailable(reason: Self.lastError())
        }
        self.context = context
        widget_SSL_CTX_harden(context)
        _ = widget_SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION)
        // Only AEAD suites with forward secrecy: all others are on HTTP/2's black list (RFC 9113, appendix A).
        SSL_CTX_set_cipher_list(context, Self.cipherSuites)
        SSL_CTX_set_ciphersuites(
            context, "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384")
        _ = widget_SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384")
        _ = widget_SSL_CTX_set_mode(
            context,
            Int(SSL_MODE_RELEASE_BUFFERS) | Int(SSL_MODE_ENABLE_PARTIAL_WRITE)
                | Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER))
        widget_SSL_CTX_set_read_ahead(context, 1)
        // Sessions are resumed by tickets alone; a second ticket would cost 15 µs a handshake.
        _ = widget_SSL_CTX_set_session_cache_mode(context, Int(SSL_SESS_CACHE_OFF))
        SSL_CTX_set_num_tickets(context, 1)
        SSL_CTX_set_alpn_select_cb(context, TLSContext.selectProtocol, nil)
    }

    /// When the certificate runs out, in seconds since 1970; nil where it doesn't say so.
    package var expiry: Double? {
        guard let certificate = SSL_CTX_get0_certificate(context), let time = X509_get0_notAfter(certificate) else {
            return nil
        }
        var parts = tm()
        guard ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
        return Double(timegm(&parts))
    }

    deinit { SSL_CTX_free(context) }

    /// Of TLS 1.2.
    static let cipherSuites =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
        + "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"

    private static let selectProtocol: SSL_CTX_alpn_select_cb_func = { _, out, outLength, offered, length, _ in
        var choice: UnsafePointer<UInt8>?
        var index = 0
        guard let offered, let out, let outLength else { return SSL_TLSEXT_ERR_NOACK }
        while index < Int(length) {
            let size = Int(offered[index])
            guard index + 1 + size <= Int(length) else { break }
            let name = UnsafeBufferPointer(start: offered + index + 1, count: size)
            if name.elementsEqual("h2".utf8) {
                choice = offered + index + 1
                break
            }
            if choice == nil, name.elementsEqual("http/1.1".utf8) { choice = offered + index + 1 }
            index += 1 + size
        }
        guard let choice else { return SSL_TLSEXT_ERR_ALERT_FATAL }
        out.pointee = choice
        outLength.pointee = choice[-1]
        return SSL_TLSEXT_ERR_OK
    }

    /// The oldest entry of this thread's error queue in words; empties the queue.
    static func lastError() -> String {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0 else { return "unknown error" }
        var text = [CChar](repeating: 0, count: 256)
        ERR_error_string_n(code, &text, text.count)
        return text.withUnsafeBufferPointer { String(decoding: $0.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self) }
    }
}

package enum TLSError: Error, Equatable, Sendable, CustomStringConvertible {
    case unavailable(reason: String)
    case certificateUnusable(file: String, reason: String)
    case keyUnusable(file: String, reason: String)
    /// The certificates of authorities that servers are verified by.
    case authoritiesUnusable(reason: String)

    package var description: String {
        switch self {
        case .unavailable(let reason): "TLS can't be set up: \(reason)"
        case .certificateUnusable(let file, let reason): "\(file) isn't a certificate that can be used: \(reason)"
        case .keyUnusable(let file, let reason): "\(file) isn't a key that can be used: \(reason)"
        case .authoritiesUnusable(let reason): "the authorities' certificates can't be used: \(reason)"
        }
    }
}
