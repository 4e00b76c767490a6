import COpenSSL
import MessageAuthentication
import Testing

@Suite struct ES256SigningKeyTests {
    /// The key of RFC 7515 appendix A.3, as PKCS#8.
    static let known = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIff
        H1136cspYG6+0iY7X1fCE9+E9LKhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp
        7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt
        -----END PRIVATE KEY-----

        """

    @Test func `the public key of a known private key is the known one`() throws {
        let key = try ES256SigningKey(pem: ES256SigningKeyTests.known)
        #expect(key.id == "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U")
        #expect(
            key.publicJWK
                == #"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","#
                + #""y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","kid":"\#(key.id)","use":"sig","alg":"ES256"}"#)
    }

    @Test func `a key survives its PEM text`() throws {
        let key = try ES256SigningKey()
        let pem = try key.pem()
        #expect(pem.hasPrefix("-----BEGIN PRIVATE KEY-----\n"))
        let again = try ES256SigningKey(pem: pem)
        #expect(again.id == key.id)
        #expect(again.publicJWK == key.publicJWK)
    }

    @Test func `two keys have two ids`() throws {
        #expect(try ES256SigningKey().id != ES256SigningKey().id)
    }

    @Test func `a signature holds under the public key and for nothing else`() throws {
        let key = try ES256SigningKey()
        for round in 0..<50 {
            let payload = Array(#"{"sub":"usr_\#(round)"}"#.utf8)
            let parts = try key.sign(payloadJSON: payload).split(separator: UInt8(ascii: "."))
            #expect(parts.count == 3)
            #expect(
                Base64URL.decode(parts[0]) == Array(#"{"alg":"ES256","typ":"JWT","kid":"\#(key.id)"}"#.utf8))
            #expect(Base64URL.decode(parts[1]) == payload)
            let signature = try #require(Base64URL.decode(parts[2]))
            #expect(signature.count == 64)
            let input = Array(parts[0] + [UInt8(ascii: ".")] + parts[1])
            #expect(try verifies(signature, of: input, pem: key.pem()))
            #expect(try !verifies(signature, of: input + [0], pem: key.pem()))
        }
    }

    @Test(arguments: ["", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
    func `what is no private key is refused`(pem: String) {
        #expect(throws: SigningKeyError.notAPrivateKey) { try ES256SigningKey(pem: pem) }
    }

    @Test func `a key on another curve is refused`() throws {
        let key = try #require(widget_EVP_EC_gen("P-384"))
        defer { EVP_PKEY_free(key) }
        let pem = try pem(of: key, encrypted: false)
        #expect(throws: SigningKeyError.notP256) { try ES256SigningKey(pem: pem) }
    }

    @Test func `an encrypted key is refused and asks for no passphrase`() throws {
        let key = try #require(widget_EVP_EC_gen("P-256"))
        defer { EVP_PKEY_free(key) }
        let pem = try pem(of: key, encrypted: true)
        #expect(throws: SigningKeyError.notAPrivateKey) { try ES256SigningKey(pem: pem) }
    }

    // MARK: OpenSSL as the other side

    private func pem(of key: OpaquePointer, encrypted: Bool) throws -> String {
        let output = try #require(BIO_new(BIO_s_mem()))
        defer { BIO_free(output) }
        let written =
            encrypted
            ? PEM_write_bio_PKCS8PrivateKey(output, key, EVP_aes_128_cbc(), "pass", 4, nil, nil)
            : PEM_write_bio_PKCS8PrivateKey(output, key, nil, nil, 0, nil, nil)
        #expect(written == 1)
        var start: UnsafeMutablePointer<CChar>?
        let count = widget_BIO_get_mem_data(output, &start)
        return String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
    }

    private func verifies(_ signature: [UInt8], of input: [UInt8], pem: String) throws -> Bool {
        let key = try #require(
            Array(pem.utf8).withUnsafeBytes { bytes -> OpaquePointer? in
                let source = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count))
                defer { BIO_free(source) }
                return PEM_read_bio_PrivateKey(source, nil, nil, nil)
            })
        defer { EVP_PKEY_free(key) }
        let parsed = try #require(ECDSA_SIG_new())
        defer { ECDSA_SIG_free(parsed) }
        #expect(
            ECDSA_SIG_set0(
                parsed, BN_bin2bn(Array(signature[..<32]), 32, nil), BN_bin2bn(Array(signature[32...]), 32, nil)) == 1)
        var encoded: UnsafeMutablePointer<UInt8>?
        let count = i2d_ECDSA_SIG(parsed, &encoded)
        defer { CRYPTO_free(encoded, #file, #line) }
        let context = try #require(EVP_MD_CTX_new())
        defer { EVP_MD_CTX_free(context) }
        #expect(EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, key) == 1)
        return EVP_DigestVerify(context, encoded, Int(count), input, input.count) == 1
    }
}
