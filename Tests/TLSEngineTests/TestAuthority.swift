import COpenSSL
import Foundation
import Testing

/// Issues certificates for tests, by OpenSSL, each time anew.
final class TestAuthority {
    /// A certificate and its key, as files that go with this object.
    final class Issued {
        let certificateFile: String
        let keyFile: String
        let pem: [UInt8]
        private let folder: URL

        fileprivate init(certificate: [UInt8], key: [UInt8]) throws {
            folder = FileManager.default.temporaryDirectory.appendingPathComponent("certificate-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            pem = certificate
            certificateFile = folder.appendingPathComponent("certificate.pem").path
            keyFile = folder.appendingPathComponent("key.pem").path
            try Data(certificate).write(to: URL(fileURLWithPath: certificateFile))
            try Data(key).write(to: URL(fileURLWithPath: keyFile))
        }

        deinit { try? FileManager.default.removeItem(at: folder) }
    }

    private let key: OpaquePointer
    private let certificate: OpaquePointer

    init(named name: String = "Authority") throws {
        key = try #require(widget_EVP_EC_gen("P-256"))
        certificate = try #require(X509_new())
        Self.fill(certificate, named: name, key: key, from: -3600, to: 3600)
        X509_set_issuer_name(certificate, X509_get_subject_name(certificate))
        try Self.extend(certificate, issuer: certificate, NID_basic_constraints, "critical,CA:TRUE")
        try #require(X509_sign(certificate, key, EVP_sha256()) > 0)
    }

    deinit {
        X509_free(certificate)
        EVP_PKEY_free(key)
    }

    var pem: [UInt8] { Self.text { PEM_write_bio_X509($0, certificate) } }

    /// - Parameters:
    ///   - names: as OpenSSL writes them: `DNS:a.test,IP:127.0.0.1`; empty: without such an extension.
    ///   - common: the subject's common name.
    ///   - from: seconds from now on; `to` likewise.
    func issue(
        for names: String, common: String = "Server", from: Int = -3600, to: Int = 3600
    ) throws -> Issued {
        let leafKey = try #require(widget_EVP_EC_gen("P-256"))
        defer { EVP_PKEY_free(leafKey) }
        let leaf = try #require(X509_new())
        defer { X509_free(leaf) }
        Self.fill(leaf, named: common, key: leafKey, from: from, to: to)
        X509_set_issuer_name(leaf, X509_get_subject_name(certificate))
        if !names.isEmpty { try Self.extend(leaf, issuer: certificate, NID_subject_alt_name, names) }
        try #require(X509_sign(leaf, key, EVP_sha256()) > 0)
        return try Issued(
            certificate: Self.text { PEM_write_bio_X509($0, leaf) },
            key: Self.text { PEM_write_bio_PrivateKey($0, leafKey, nil, nil, 0, nil, nil) })
    }

    private static func fill(_ certificate: OpaquePointer, named name: String, key: OpaquePointer, from: Int, to: Int) {
        X509_set_version(certificate, 2)
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), UInt64.random(in: 1...UInt64(Int64.max)))
        X509_gmtime_adj(X509_getm_notBefore(certificate), from)
        X509_gmtime_adj(X509_getm_notAfter(certificate), to)
        X509_set_pubkey(certificate, key)
        X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, name, -1, -1, 0)
    }

    private static func extend(
        _ certificate: OpaquePointer, issuer: OpaquePointer, _ id: Int32, _ value: String
    ) throws {
        var settings = X509V3_CTX()
        X509V3_set_ctx(&settings, issuer, certificate, nil, nil, 0)
        let made = try #require(X509V3_EXT_conf_nid(nil, &settings, id, value))
        defer { X509_EXTENSION_free(made) }
        try #require(X509_add_ext(certificate, made, -1) == 1)
    }

    private static func text(_ write: (OpaquePointer?) -> Int32) -> [UInt8] {
        let bio = BIO_new(BIO_s_mem())
        defer { BIO_free(bio) }
        guard write(bio) == 1 else { return [] }
        var start: UnsafeMutablePointer<CChar>?
        let length = widget_BIO_get_mem_data(bio, &start)
        return UnsafeRawBufferPointer(start: start, count: length).map { $0 }
    }
}
