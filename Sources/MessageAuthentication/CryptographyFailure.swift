internal import COpenSSL

/// OpenSSL refused a call for a reason that no input explains: out of memory, or built without an algorithm.
package struct CryptographyFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The call that was refused.
    package let call: String

    init(_ call: StaticString) {
        self.call = call.description
        // What OpenSSL has queued would otherwise be read as the reason of this thread's next failure.
        ERR_clear_error()
    }

    package var description: String { "OpenSSL refused \(call)" }
}
