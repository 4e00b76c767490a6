import COpenSSL

/// A P-256 certificate for development, signed by its own key and valid for 30 days.
enum SelfSignedCertificate {
    static func install(for hosts: [String], in context: OpaquePointer) throws(TLSError) {
        guard let key = widget_EVP_EC_gen("P-256") else { throw TLSError.unavailable(reason: TLSContext.lastError()) }
        defer { EVP_PKEY_free(key) }
        guard let certificate = X509_new() else { throw TLSError.unavailable(reason: TLSContext.lastError()) }
        defer { X509_free(certificate) }

        var serial: UInt64 = 0
        _ = withUnsafeMutableBytes(of: &serial) { RAND_bytes($0.baseAddress, 7) }
        X509_set_version(certificate, 2)
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial)
        X509_gmtime_adj(X509_getm_notBefore(certificate), -3600)
        X509_gmtime_adj(X509_getm_notAfter(certificate), 30 * 86400)
        X509_set_pubkey(certificate, key)

        let name = X509_get_subject_name(certificate)
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, "widget-gateway development", -1, -1, 0)
        X509_set_issuer_name(certificate, name)
        addExtension(NID_basic_constraints, "critical,CA:FALSE", to: certificate)
        addExtension(NID_key_usage, "critical,digitalSignature", to: certificate)
        addExtension(NID_ext_key_usage, "serverAuth", to: certificate)
        let names = hosts.map { isAddress($0) ? "IP:\($0)" : "DNS:\($0)" }
        addExtension(NID_subject_alt_name, names.joined(separator: ","), to: certificate)

        guard X509_sign(certificate, key, EVP_sha256()) > 0,
            SSL_CTX_use_certificate(context, certificate) == 1,
            SSL_CTX_use_PrivateKey(context, key) == 1
        else { throw TLSError.unavailable(reason: TLSContext.lastError()) }
    }

    private static func addExtension(_ id: Int32, _ value: String, to certificate: OpaquePointer) {
        var settings = X509V3_CTX()
        X509V3_set_ctx(&settings, certificate, certificate, nil, nil, 0)
        guard let made = X509V3_EXT_conf_nid(nil, &settings, id, value) else { return }
        X509_add_ext(certificate, made, -1)
        X509_EXTENSION_free(made)
    }

    private static func isAddress(_ host: String) -> Bool {
        host.contains(":") || host.allSatisfy { $0.isNumber || $0 == "." }
    }
}
