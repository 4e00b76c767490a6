internal import COpenSSL

/// A P-256 key that signs assertions: compact JWS with ES256 (RFC 7518 section 3.4).
///
/// May be used from any thread: OpenSSL's key is only read once this is made, and each signature has a context
/// of its own.
package final class ES256SigningKey: @unchecked Sendable {
    /// The key id: the RFC 7638 thumbprint of the public key, base64url.
    package let id: String

    /// The public key as a JWK (RFC 7517), JSON text.
    package let publicJWK: String

    private let key: OpaquePointer
    /// The encoded header and the dot after it, the same for every JWS.
    private let header: [UInt8]

    /// A new key.
    package convenience init() throws(SigningKeyError) {
        guard let key = widget_EVP_EC_gen("P-256") else { throw .cryptography(CryptographyFailure("EVP_EC_gen")) }
        try self.init(owning: key)
    }

    /// Takes PKCS#8 PEM text, as `pem()` gives it. An encrypted one is refused.
    package convenience init(pem: String) throws(SigningKeyError) {
        let key = Array(pem.utf8).withUnsafeBytes { bytes -> OpaquePointer? in
            // The BIO reads the bytes where they are: it must not outlive them.
            guard let source = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else { return nil }
            defer { BIO_free(source) }
            // OpenSSL's own callback would ask for a passphrase on the terminal.
            return PEM_read_bio_PrivateKey(source, nil, { _, _, _, _ in -1 }, nil)
        }
        guard let key else {
            ERR_clear_error()
            throw .notAPrivateKey
        }
        try self.init(owning: key)
    }

    private init(owning key: OpaquePointer) throws(SigningKeyError) {
        do throws(SigningKeyError) {
            let (x, y) = try ES256SigningKey.publicPoint(of: key)
            // RFC 7638: the required members only, in the order of their names, no white space.
            let canonical = "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"\(x)\",\"y\":\"\(y)\"}"
            var digest = [UInt8](repeating: 0, count: 32)
            guard EVP_Digest(canonical, canonical.utf8.count, &digest, nil, EVP_sha256(), nil) == 1 else {
                throw .cryptography(CryptographyFailure("EVP_Digest"))
            }
            id = Base64URL.text(digest)
            publicJWK =
                "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"\(x)\",\"y\":\"\(y)\",\"kid\":\"\(id)\","
                + "\"use\":\"sig\",\"alg\":\"ES256\"}"
            header = Base64URL.encode("{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"\(id)\"}".utf8) + [0x2E]
            self.key = key
        } catch {
            EVP_PKEY_free(key)
            throw error
        }
    }

    deinit { EVP_PKEY_free(key) }

    /// The private key as PKCS#8 PEM text, not encrypted.
    package func pem() throws(SigningKeyError) -> String {
        guard let output = BIO_new(BIO_s_secmem()) else { throw .cryptography(CryptographyFailure("BIO_new")) }
        defer { BIO_free(output) }
        guard PEM_write_bio_PKCS8PrivateKey(output, key, nil, nil, 0, nil, nil) == 1 else {
            throw .cryptography(CryptographyFailure("PEM_write_bio_PKCS8PrivateKey"))
        }
        var start: UnsafeMutablePointer<CChar>?
        let count = widget_BIO_get_mem_data(output, &start)
        return String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// A compact JWS over `payloadJSON`, with the header `{"alg":"ES256","typ":"JWT","kid":…}`.
    package func sign(payloadJSON: [UInt8]) throws(SigningKeyError) -> [UInt8] {
        let input = header + Base64URL.encode(payloadJSON)
        return input + [0x2E] + Base64URL.encode(try signature(over: input))
    }

    /// The 64 bytes r‖s that JWS wants, of the DER structure that OpenSSL makes.
    private func signature(over input: [UInt8]) throws(SigningKeyError) -> [UInt8] {
        guard let context = EVP_MD_CTX_new() else { throw .cryptography(CryptographyFailure("EVP_MD_CTX_new")) }
        defer { EVP_MD_CTX_free(context) }
        // A P-256 signature in DER has at most 72 bytes.
        var encoded = [UInt8](repeating: 0, count: 80)
        var count = encoded.count
        guard EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key) == 1,
            EVP_DigestSign(context, &encoded, &count, input, input.count) == 1
        else { throw .cryptography(CryptographyFailure("EVP_DigestSign")) }
        var raw = [UInt8](repeating: 0, count: 64)
        let converted = encoded.withUnsafeBufferPointer { encoded in
            raw.withUnsafeMutableBufferPointer { raw in
                var cursor = encoded.baseAddress
                guard let parsed = d2i_ECDSA_SIG(nil, &cursor, count), let target = raw.baseAddress else {
                    return false
                }
                defer { ECDSA_SIG_free(parsed) }
                return BN_bn2binpad(ECDSA_SIG_get0_r(parsed), target, 32) == 32
                    && BN_bn2binpad(ECDSA_SIG_get0_s(parsed), target + 32, 32) == 32
            }
        }
        guard converted else { throw .cryptography(CryptographyFailure("d2i_ECDSA_SIG")) }
        return raw
    }

    /// The public coordinates, base64url; refuses every key but a P-256 one.
    private static func publicPoint(of key: OpaquePointer) throws(SigningKeyError) -> (x: String, y: String) {
        var name = [CChar](repeating: 0, count: 64)
        guard EVP_PKEY_is_a(key, "EC") == 1, EVP_PKEY_get_group_name(key, &name, name.count, nil) == 1,
            name.starts(with: "prime256v1\0".utf8.lazy.map(CChar.init))
        else {
            ERR_clear_error()
            throw .notP256
        }
        return (try coordinate(OSSL_PKEY_PARAM_EC_PUB_X, of: key), try coordinate(OSSL_PKEY_PARAM_EC_PUB_Y, of: key))
    }

    private static func coordinate(_ name: String, of key: OpaquePointer) throws(SigningKeyError) -> String {
        var number: OpaquePointer?
        guard EVP_PKEY_get_bn_param(key, name, &number) == 1 else {
            throw .cryptography(CryptographyFailure("EVP_PKEY_get_bn_param"))
        }
        defer { BN_free(number) }
        var bytes = [UInt8](repeating: 0, count: 32)
        guard BN_bn2binpad(number, &bytes, 32) == 32 else {
            throw .cryptography(CryptographyFailure("BN_bn2binpad"))
        }
        return Base64URL.text(bytes)
    }
}

/// Why a signing key can't be made, read or used.
package enum SigningKeyError: Error, Equatable, Sendable {
    /// The text is no PEM private key, or an encrypted one.
    case notAPrivateKey
    /// A private key, but not one on the curve P-256.
    case notP256
    /// OpenSSL refused.
    case cryptography(CryptographyFailure)
}
