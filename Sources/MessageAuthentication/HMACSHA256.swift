internal import COpenSSL

/// HMAC-SHA256 (RFC 2104) under one key, keyed once and then used for any number of messages.
///
/// What is kept is the two states of SHA-256 after the key's blocks: a message begins with a copy of them, and nothing is
/// allocated or looked up. Not `Sendable`: it belongs to the thread that made it.
package final class HMACSHA256 {
    /// The length of a code in bytes.
    package static let length = 32

    private let states: UnsafeMutablePointer<widget_HMAC_SHA256>

    /// Takes a key of any length. An empty key is HMAC's own affair and not refused here.
    package init(key: [UInt8]) {
        states = .allocate(capacity: 1)
        states.initialize(to: widget_HMAC_SHA256())
        let ready = widget_HMAC_SHA256_init(states, key, key.count)
        precondition(ready == 1, "OpenSSL has no SHA-256")
    }

    /// Takes the UTF-8 bytes of a secret's text: how every secret of this product is used.
    package convenience init(secretText: String) { self.init(key: Array(secretText.utf8)) }

    /// Wipes the states: who has them can sign as who has the key.
    deinit {
        OPENSSL_cleanse(states, MemoryLayout<widget_HMAC_SHA256>.size)
        states.deallocate()
    }

    /// Writes the code of `message` to `code`, which has room for exactly 32 bytes.
    ///
    /// Traps where OpenSSL fails, which it has no reason to: no code is ever left unwritten.
    package func authenticate(_ message: UnsafeRawBufferPointer, into code: UnsafeMutableRawBufferPointer) {
        precondition(code.count == HMACSHA256.length)
        let output = code.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let written = widget_HMAC_SHA256_code(states, message.baseAddress, message.count, output)
        precondition(written == 1, "OpenSSL has no SHA-256")
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
