import Glibc

/// A look at what a client says first, without taking it from the socket.
package enum TLSGreeting: Equatable {
    /// The first record is there, whole, or what is there isn't the beginning of one: OpenSSL can judge it.
    case complete
    /// Nothing can be done before as many bytes are there.
    case incomplete(length: Int)
    /// The client has gone.
    case over

    private static let headerLength = 5
    private static let handshakeType: UInt8 = 22
    /// Longer ones than a `ClientHello` needs are left to OpenSSL, whatever has come of them.
    private static let longestAwaited = 8 * 1024

    package static func look(at socket: Int32) -> TLSGreeting {
        withUnsafeTemporaryAllocation(byteCount: headerLength + longestAwaited, alignment: 1) { buffer in
            while true {
                let count = recv(socket, buffer.baseAddress, buffer.count, Int32(MSG_PEEK))
                if count > 0 { return judge(UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
                if count == 0 { return .over }
                if errno == EAGAIN { return .incomplete(length: headerLength) }
                if errno != EINTR { return .over }
            }
        }
    }

    /// Judges a record by its header (RFC 8446, 5.1).
    package static func judge(_ bytes: UnsafeRawBufferPointer) -> TLSGreeting {
        guard let type = bytes.first else { return .incomplete(length: headerLength) }
        guard type == handshakeType else { return .complete }
        guard bytes.count >= headerLength else { return .incomplete(length: headerLength) }
        let length = Int(bytes[3]) << 8 | Int(bytes[4])
        guard length <= longestAwaited, bytes.count < headerLength + length else { return .complete }
        return .incomplete(length: headerLength + length)
    }
}
