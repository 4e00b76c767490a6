internal import COpenSSL

/// HMAC-SHA256 (RFC 2104) under one key, keyed once and then used for any number of messages.
///
/// OpenSSL's context is keyed when this is made and re-initialised without a key for each message, which saves the
/// two compressions and the look-ups that a one-shot `HMAC()` pays every time. Not `Sendable`: it belongs to the
/// thread that made it.
package final class HMACSHA256 {
    /// The length of a code in bytes.
    package static let length = 32

    private let context: OpaquePointer

    /// Keys a context. An empty key is HMAC's own affair and not refused here.
    ///
    /// Traps where OpenSSL has no HMAC-SHA256 or no memory: nothing can be verified then.
    package init(key: [UInt8]) {
        guard let algorithm = EVP_MAC_fetch(nil, "HMAC", nil) else { preconditionFailure("OpenSSL has no HMAC") }
        defer { EVP_MAC_free(algorithm) }
        guard let context = EVP_MAC_CTX_new(algorithm) else { preconditionFailure("OpenSSL is out of memory") }
        self.context = context
        // A nil key would mean 'the key set before', and an empty array may have no address.
        let bytes = key.isEmpty ? [0] : key
        // A parameter keeps the addresses of its name and its value: both must outlive the call.
        let name = Array(OSSL_MAC_PARAM_DIGEST.utf8CString)
        var digest = Array("SHA256".utf8CString)
        let ready = name.withUnsafeBufferPointer { name in
            digest.withUnsafeMutableBufferPointer { digest in
                var parameters = [
                    OSSL_PARAM_construct_utf8_string(name.baseAddress, digest.baseAddress, 0),
                    OSSL_PARAM_construct_end(),
                ]
                return EVP_MAC_init(context, bytes, key.count, &parameters)
            }
        }
        precondition(ready == 1, "OpenSSL has no HMAC-SHA256")
    }

    /// Keys a context with the UTF-8 bytes of a secret's text: how every secret of this product is used.
    package convenience init(secretText: String) { self.init(key: Array(secretText.utf8)) }

    deinit { EVP_MAC_CTX_free(context) }

    /// Writes the code of `message` to `code`, which has room for exactly 32 bytes.
    ///
    /// Traps where OpenSSL is out of memory, as Swift itself does: no code is ever left unwritten.
    package func authenticate(_ message: UnsafeRawBufferPointer, into code: UnsafeMutableRawBufferPointer) {
        precondition(code.count == HMACSHA256.length)
        var written = 0
        let bytes = message.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let output = code.baseAddress?.assumingMemoryBound(to: UInt8.self)
        guard EVP_MAC_init(context, nil, 0, nil) == 1,
            message.isEmpty || EVP_MAC_update(context, bytes, message.count) == 1,
            EVP_MAC_final(context, output, &written, code.count) == 1, written == HMACSHA256.length
        else { preconditionFailure("OpenSSL is out of memory") }
    }

    /// The code of `message` as a new array.
    package func code(of message: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: HMACSHA256.length) { buffer, count in
            message.withUnsafeBytes { message in
                authenticate(message, into: UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: 32))
            }
            count = HMACSHA256.length
        }
    }
}
