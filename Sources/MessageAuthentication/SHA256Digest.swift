internal import COpenSSL

/// SHA-256 (FIPS 180-4).
package enum SHA256Digest {
    /// The length of a digest in bytes.
    package static let length = 32

    /// The digest of `message`.
    ///
    /// Traps where OpenSSL is out of memory, as Swift itself does.
    package static func of(_ message: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            var written: UInt32 = 0
            guard EVP_Digest(message.baseAddress, message.count, buffer.baseAddress, &written, EVP_sha256(), nil) == 1,
                written == UInt32(length)
            else { preconditionFailure("OpenSSL is out of memory") }
            count = length
        }
    }

    /// The digest of `message`.
    package static func of(_ message: [UInt8]) -> [UInt8] { message.withUnsafeBytes { of($0) } }
}
