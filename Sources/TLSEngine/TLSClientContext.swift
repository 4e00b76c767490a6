import COpenSSL
import Glibc

/// The client side's TLS settings: whom to believe, and which protocol to speak. Shared by all workers, never changed.
///
/// TLS 1.2 and 1.3. A server's certificate is always verified, and so is its host name; there is no way not to.
package final class TLSClientContext: @unchecked Sendable, Equatable {  // OpenSSL counts references and locks inside.
    let context: OpaquePointer
    /// What this context was made of: two of the same are equal.
    private let authorities: [UInt8]?
    private let isHTTP2: Bool

    /// - Parameters:
    ///   - authorities: certificates of authorities, as PEM; nil: those of the system.
    ///   - isHTTP2: what ALPN offers: `h2` alone, or `http/1.1` alone.
    package init(authorities: [UInt8]?, isHTTP2: Bool) throws(TLSError) {
        guard let context = SSL_CTX_new(TLS_client_method()) else {
            throw TLSError.unavailable(reason: TLSContext.lastError())
        }
        self.context = context
        self.authorities = authorities
        self.isHTTP2 = isHTTP2
        widget_SSL_CTX_harden_client(context)
        _ = widget_SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION)
        SSL_CTX_set_cipher_list(context, TLSContext.cipherSuites)
        _ = widget_SSL_CTX_set_mode(
            context,
            Int(SSL_MODE_RELEASE_BUFFERS) | Int(SSL_MODE_ENABLE_PARTIAL_WRITE)
                | Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER))
        widget_SSL_CTX_set_read_ahead(context, 1)
        _ = widget_SSL_CTX_set_session_cache_mode(context, Int(SSL_SESS_CACHE_OFF))
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        let offered: StaticString = isHTTP2 ? "\u{2}h2" : "\u{8}http/1.1"
        // 0 is success here.
        guard SSL_CTX_set_alpn_protos(context, offered.utf8Start, UInt32(offered.utf8CodeUnitCount)) == 0 else {
            throw TLSError.unavailable(reason: TLSContext.lastError())
        }
        try trust()
    }

    deinit { SSL_CTX_free(context) }

    private func trust() throws(TLSError) {
        guard let authorities else {
            guard SSL_CTX_set_default_verify_paths(context) == 1 else {
                throw TLSError.unavailable(reason: TLSContext.lastError())
            }
            return
        }
        guard let bio = BIO_new_mem_buf(authorities, Int32(clamping: authorities.count)) else {
            throw TLSError.unavailable(reason: TLSContext.lastError())
        }
        defer { BIO_free(bio) }
        var count = 0
        while let certificate = PEM_read_bio_X509(bio, nil, nil, nil) {
            defer { X509_free(certificate) }
            guard X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate) == 1 else {
                throw TLSError.authoritiesUnusable(reason: TLSContext.lastError())
            }
            count += 1
        }
        ERR_clear_error()  // The end of the text is one.
        if count == 0 { throw TLSError.authoritiesUnusable(reason: "there is no certificate in it") }
    }

    package static func == (first: TLSClientContext, second: TLSClientContext) -> Bool {
        first.authorities == second.authorities && first.isHTTP2 == second.isHTTP2
    }
}

extension TLSConnection {
    /// The client side of a connection whose server must prove to be `host`: a name, which is also sent along (SNI), or
    /// an address without brackets.
    package convenience init?(_ context: TLSClientContext, socket: Int32, host: String) {
        guard let ssl = SSL_new(context.context) else { return nil }
        guard let bio = SocketBIO.make(socket) else {
            SSL_free(ssl)
            return nil
        }
        SSL_set_bio(ssl, bio, bio)
        SSL_set_connect_state(ssl)
        guard Self.expect(host, ssl) else {
            SSL_free(ssl)
            return nil
        }
        self.init(ssl)
    }

    private static func expect(_ host: String, _ ssl: OpaquePointer) -> Bool {
        var v4 = in_addr()
        var v6 = in6_addr()
        if inet_pton(AF_INET, host, &v4) == 1 || inet_pton(AF_INET6, host, &v6) == 1 {
            return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1
        }
        // The subject's common name is nobody's host (RFC 9525, 6.2 and appendix A).
        SSL_set_hostflags(
            ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS) | UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT))
        return SSL_set1_host(ssl, host) == 1 && widget_SSL_set_tlsext_host_name(ssl, host) == 1
    }

    /// Why a handshake failed, as far as it was the server's certificate; nil where it wasn't.
    package var verificationFailure: String? {
        let result = SSL_get_verify_result(ssl)
        guard result != Int(X509_V_OK) else { return nil }
        let isMismatch = result == Int(X509_V_ERR_HOSTNAME_MISMATCH) || result == Int(X509_V_ERR_IP_ADDRESS_MISMATCH)
        if isMismatch, widget_SSL_peer_has_alternative_names(ssl) == 0 {
            return "certificate has no subjectAltName, and a common name doesn't count"
        }
        return X509_verify_cert_error_string(result).map { String(cString: $0) }
    }
}
