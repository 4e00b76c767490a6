import COpenSSL
import Glibc
import TLSEngine
import Testing

/// Handshakes over a socket pair, with OpenSSL's own client at the other end.
@Suite struct TLSConnectionTests {
    private final class Client {
        let context: OpaquePointer?
        let ssl: OpaquePointer?

        init(socket: Int32, alpn: [UInt8], maximum: Int32) {
            context = SSL_CTX_new(TLS_client_method())
            // Old versions are only offered at security level 0.
            SSL_CTX_set_security_level(context, 0)
            SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_VERSION), nil)
            SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(maximum), nil)
            ssl = SSL_new(context)
            if !alpn.isEmpty { SSL_set_alpn_protos(ssl, alpn, UInt32(alpn.count)) }
            SSL_set_fd(ssl, socket)
            SSL_set_connect_state(ssl)
        }

        deinit {
            SSL_free(ssl)
            SSL_CTX_free(context)
        }

        var chosen: String {
            var name: UnsafePointer<UInt8>?
            var length: UInt32 = 0
            SSL_get0_alpn_selected(ssl, &name, &length)
            return String(decoding: UnsafeBufferPointer(start: name, count: Int(length)), as: UTF8.self)
        }
    }

    private final class Pair {
        let server: TLSConnection
        let client: Client
        private let sockets: [Int32]

        init(alpn: [UInt8] = [], maximum: Int32 = TLS1_3_VERSION) throws {
            var pair: [Int32] = [-1, -1]
            try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &pair) == 0)
            sockets = pair
            let context = try TLSContext(selfSignedFor: ["localhost", "127.0.0.1"])
            server = try #require(TLSConnection(context, socket: pair[0]))
            client = Client(socket: pair[1], alpn: alpn, maximum: maximum)
        }

        deinit { for socket in sockets { close(socket) } }

        /// Both sides in turn, until the server knows.
        func shakeHands() -> TLSConnection.Handshake {
            for _ in 0..<20 {
                SSL_do_handshake(client.ssl)
                let result = server.handshake()
                if result != .wantsRead, result != .wantsWrite {
                    SSL_do_handshake(client.ssl)
                    return result
                }
            }
            return .failed
        }
    }

    private static func protocols(_ names: String...) -> [UInt8] {
        names.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
    }

    @Test(arguments: [
        (protocols("h2", "http/1.1"), "h2"), (protocols("http/1.1", "h2"), "h2"), (protocols("http/1.1"), "http/1.1"),
        (protocols("h3", "spdy/1", "h2"), "h2"), (protocols("h2c", "http/1.1", "http/1.0"), "http/1.1"), ([], ""),
    ])
    func `the protocol is chosen from what the client offers`(alpn: [UInt8], chosen: String) throws {
        let pair = try Pair(alpn: alpn)
        #expect(pair.shakeHands() == .done(isHTTP2: chosen == "h2"))
        #expect(pair.client.chosen == chosen)
    }

    @Test func `a client that offers nothing in common is refused`() throws {
        #expect(try Pair(alpn: Self.protocols("h3", "ftp")).shakeHands() == .failed)
    }

    @Test(arguments: [(TLS1_VERSION, false), (TLS1_1_VERSION, false), (TLS1_2_VERSION, true), (TLS1_3_VERSION, true)])
    func `TLS 1.2 and 1.3 are spoken and nothing older`(maximum: Int32, isAccepted: Bool) throws {
        #expect((try Pair(maximum: maximum).shakeHands() != .failed) == isAccepted)
    }

    @Test func `what one side writes the other reads, and a close is told from silence`() throws {
        let pair = try Pair()
        #expect(pair.shakeHands() == .done(isHTTP2: false))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 1)
        defer { buffer.deallocate() }
        #expect(pair.server.read(into: buffer) == .wantsRead)
        #expect(SSL_write(pair.client.ssl, "hello", 5) == 5)
        #expect(pair.server.read(into: buffer) == .done(5))
        #expect(String(decoding: buffer.prefix(5), as: UTF8.self) == "hello")
        #expect(!pair.server.hasPending)
        SSL_shutdown(pair.client.ssl)
        #expect(pair.server.read(into: buffer) == .closed)
    }

    @Test func `input beyond one read is said to be pending`() throws {
        let pair = try Pair()
        _ = pair.shakeHands()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 10, alignment: 1)
        defer { buffer.deallocate() }
        #expect(SSL_write(pair.client.ssl, "0123456789abcdef", 16) == 16)
        #expect(pair.server.read(into: buffer) == .done(10))
        #expect(pair.server.hasPending)
        #expect(pair.server.read(into: buffer) == .done(6))
    }

    @Test func `bytes that aren't TLS fail the handshake`() throws {
        var pair: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &pair) == 0)
        defer { for socket in pair { close(socket) } }
        let server = try #require(TLSConnection(try TLSContext(selfSignedFor: ["localhost"]), socket: pair[0]))
        let text = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        #expect(write(pair[1], text, text.utf8.count) == text.utf8.count)
        #expect(server.handshake() == .failed)
    }

    @Test func `garbage after the handshake fails the connection`() throws {
        let pair = try Pair()
        _ = pair.shakeHands()
        let socket = SSL_get_fd(pair.client.ssl)
        #expect(write(socket, "garbage that is no record", 25) == 25)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 100, alignment: 1)
        defer { buffer.deallocate() }
        #expect(pair.server.read(into: buffer) == .failed)
    }

    @Test(arguments: ["/nonexistent", "/dev/null"])
    func `files that hold no certificate are named in the error`(file: String) {
        #expect {
            try TLSContext(certificateFile: file, keyFile: file)
        } throws: { error in
            "\(error)".contains(file)
        }
    }
}
