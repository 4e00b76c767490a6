import COpenSSL
import Glibc

/// How TLS connections read and write their sockets: with the calls that are made for sockets, which cost the kernel
/// less than those for any file, and a write to a connection that is gone raises no signal.
enum SocketBIO {
    /// Made once; never changed.
    private nonisolated(unsafe) static let method: OpaquePointer? = {
        let method = BIO_meth_new(BIO_get_new_index() | Int32(BIO_TYPE_SOURCE_SINK), "socket")
        BIO_meth_set_read(method) { bio, buffer, length in SocketBIO.read(bio, buffer, length) }
        BIO_meth_set_write(method) { bio, bytes, length in SocketBIO.write(bio, bytes, length) }
        BIO_meth_set_ctrl(method) { bio, command, _, _ in SocketBIO.control(bio, command) }
        return method
    }()

    /// A BIO on `socket`, which it doesn't close; nil where there is no memory.
    static func make(_ socket: Int32) -> OpaquePointer? {
        guard let bio = BIO_new(method) else { return nil }
        BIO_set_data(bio, UnsafeMutableRawPointer(bitPattern: Int(socket) + 1))  // 0 would be nil.
        BIO_set_init(bio, 1)
        return bio
    }

    private static func socket(_ bio: OpaquePointer?) -> Int32 {
        Int32(truncatingIfNeeded: Int(bitPattern: BIO_get_data(bio)) - 1)
    }

    private static func read(
        _ bio: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ length: Int32
    ) -> Int32 {
        BIO_clear_flags(bio, retries | BIO_FLAGS_IN_EOF)
        while true {
            let count = recv(socket(bio), buffer, Int(length), 0)
            if count > 0 { return Int32(truncatingIfNeeded: count) }
            if count == 0 {
                BIO_set_flags(bio, BIO_FLAGS_IN_EOF)
                return 0
            }
            if errno == EINTR { continue }
            if errno == EAGAIN { BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY) }
            return -1
        }
    }

    private static func write(_ bio: OpaquePointer?, _ bytes: UnsafePointer<CChar>?, _ length: Int32) -> Int32 {
        BIO_clear_flags(bio, retries)
        while true {
            let count = send(socket(bio), bytes, Int(length), Int32(MSG_NOSIGNAL))
            if count >= 0 { return Int32(truncatingIfNeeded: count) }
            if errno == EINTR { continue }
            if errno == EAGAIN { BIO_set_flags(bio, BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY) }
            return -1
        }
    }

    private static func control(_ bio: OpaquePointer?, _ command: Int32) -> Int {
        switch command {
        case BIO_CTRL_FLUSH, BIO_CTRL_DUP: 1
        case BIO_CTRL_EOF: BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0
        default: 0
        }
    }

    private static let retries = BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_IO_SPECIAL | BIO_FLAGS_SHOULD_RETRY
}
