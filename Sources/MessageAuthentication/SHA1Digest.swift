internal import COpenSSL

/// SHA-1 (FIPS 180-4), where a protocol asks for it and nothing rests on it: RFC 6455's handshake.
package enum SHA1Digest {
    /// The digest of `message`: 20 bytes.
    ///
    /// Traps where OpenSSL is out of memory, as Swift itself does.
    package static func of(_ message: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 20) { buffer, count in
            var written: UInt32 = 0
            guard EVP_Digest(message, message.count, buffer.baseAddress, &written, EVP_sha1(), nil) == 1, written == 20
            else { preconditionFailure("OpenSSL is out of memory") }
            count = 20
        }
    }
}
