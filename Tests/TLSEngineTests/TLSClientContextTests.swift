import COpenSSL
import Glibc
import Testing

@testable import TLSEngine

/// Handshakes with a server of this engine, over a socket pair: whom the client believes.
@Suite struct TLSClientContextTests {
    private final class Pair {
        let client: TLSConnection
        let server: TLSConnection
        private var sockets: [Int32]

        init(_ context: TLSClientContext, host: String, server issued: TestAuthority.Issued) throws {
            var pair: [Int32] = [-1, -1]
            try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &pair) == 0)
            sockets = pair
            client = try #require(TLSConnection(context, socket: pair[0], host: host))
            let serverContext = try TLSContext(certificateFile: issued.certificateFile, keyFile: issued.keyFile)
            server = try #require(TLSConnection(serverContext, socket: pair[1]))
        }

        deinit { for socket in sockets where socket >= 0 { close(socket) } }

        /// Both sides in turn, until the client knows.
        func shakeHands() -> TLSConnection.Handshake {
            for _ in 0..<20 {
                let result = client.handshake()
                _ = server.handshake()
                if result != .wantsRead, result != .wantsWrite { return result }
            }
            return .wantsRead
        }

        func closeServer() {
            close(sockets[1])
            sockets[1] = -1
        }

        func read() -> TLSConnection.Outcome {
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 1)
            defer { buffer.deallocate() }
            return client.read(into: buffer)
        }
    }

    /// What OpenSSL calls each fault (X509_verify_cert_error_string(3)).
    private static let wrongName = "hostname mismatch"
    private static let wrongAddress = "IP address mismatch"
    private static let withoutNames = "certificate has no subjectAltName, and a common name doesn't count"

    private static func context(_ authorities: [UInt8], isHTTP2: Bool = false) throws -> TLSClientContext {
        try TLSClientContext(authorities: authorities, isHTTP2: isHTTP2)
    }

    @Test(
        "a certificate is good for the hosts in it, and no others (RFC 9525, 6)",
        arguments: [
            ("widgets.test", "DNS:widgets.test", nil), ("WIDGETS.test", "DNS:widgets.test", nil),
            ("widgets.test", "DNS:other.test,DNS:widgets.test", nil),
            ("widgets.test", "DNS:other.test", wrongName), ("widgets.test", "DNS:awidgets.test", wrongName),
            ("widgets.test", "DNS:widgets.test.evil.test", wrongName), ("widgets.test", "IP:127.0.0.1", wrongName),
            ("a.acme.test", "DNS:*.acme.test", nil), ("acme.test", "DNS:*.acme.test", wrongName),
            ("a.b.acme.test", "DNS:*.acme.test", wrongName), ("widgets.acme.test", "DNS:w*.acme.test", wrongName),
            ("127.0.0.1", "IP:127.0.0.1", nil), ("127.0.0.1", "IP:127.0.0.2", wrongAddress),
            ("127.0.0.1", "DNS:127.0.0.1", wrongAddress), ("::1", "IP:::1", nil), ("::1", "IP:::2", wrongAddress),
        ] as [(String, String, String?)])
    func hosts(host: String, names: String, failure: String?) throws {
        let authority = try TestAuthority()
        let pair = try Pair(Self.context(authority.pem), host: host, server: authority.issue(for: names))
        #expect(pair.shakeHands() == (failure == nil ? .done(isHTTP2: false) : .failed))
        #expect(pair.client.verificationFailure == failure)
    }

    @Test(
        "a common name is nobody's host, whatever else is in the certificate (RFC 9525, 6.2)",
        arguments: [
            ("widgets.test", "", withoutNames), ("127.0.0.1", "", withoutNames),
            ("widgets.test", "DNS:other.test", wrongName), ("widgets.test", "IP:127.0.0.1", wrongName),
            ("widgets.test", "email:a@widgets.test", wrongName), ("127.0.0.1", "IP:127.0.0.2", wrongAddress),
        ])
    func commonNames(host: String, names: String, failure: String) throws {
        let authority = try TestAuthority()
        let issued = try authority.issue(for: names, common: host)
        let pair = try Pair(Self.context(authority.pem), host: host, server: issued)
        #expect(pair.shakeHands() == .failed)
        #expect(pair.client.verificationFailure == failure)
    }

    @Test(
        "a certificate is good between its two dates",
        arguments: [
            (-3600, 3600, nil), (-7200, -60, "certificate has expired"), (60, 3600, "certificate is not yet valid"),
        ] as [(Int, Int, String?)])
    func dates(from: Int, to: Int, failure: String?) throws {
        let authority = try TestAuthority()
        let issued = try authority.issue(for: "DNS:widgets.test", from: from, to: to)
        let pair = try Pair(Self.context(authority.pem), host: "widgets.test", server: issued)
        #expect(pair.shakeHands() == (failure == nil ? .done(isHTTP2: false) : .failed))
        #expect(pair.client.verificationFailure == failure)
    }

    @Test func `an authority that isn't trusted vouches for nothing, though it has the same name`() throws {
        let trusted = try TestAuthority()
        let issued = try TestAuthority().issue(for: "DNS:widgets.test")
        let pair = try Pair(Self.context(trusted.pem), host: "widgets.test", server: issued)
        #expect(pair.shakeHands() == .failed)
        #expect(pair.client.verificationFailure != nil)
    }

    @Test func `one of several authorities is enough`() throws {
        let (first, second) = (try TestAuthority(), try TestAuthority(named: "Another"))
        let issued = try second.issue(for: "DNS:widgets.test")
        let pair = try Pair(Self.context(first.pem + second.pem), host: "widgets.test", server: issued)
        #expect(pair.shakeHands() == .done(isHTTP2: false))
    }

    @Test func `the system's authorities don't vouch for a stranger's`() throws {
        let context = try TLSClientContext(authorities: nil, isHTTP2: false)
        let pair = try Pair(context, host: "widgets.test", server: TestAuthority().issue(for: "DNS:widgets.test"))
        #expect(pair.shakeHands() == .failed)
        #expect(pair.client.verificationFailure == "unable to get local issuer certificate")
    }

    @Test(arguments: [true, false])
    func `one protocol is offered: the one that will be spoken`(isHTTP2: Bool) throws {
        let authority = try TestAuthority()
        let pair = try Pair(
            Self.context(authority.pem, isHTTP2: isHTTP2), host: "widgets.test",
            server: authority.issue(for: "DNS:widgets.test"))
        #expect(pair.shakeHands() == .done(isHTTP2: isHTTP2))
        #expect(pair.server.handshake() == .done(isHTTP2: isHTTP2))
    }

    @Test(arguments: [("widgets.test", "widgets.test"), ("127.0.0.1", nil)])
    func `a name is sent along, an address isn't (RFC 6066, 3)`(host: String, sent: String?) throws {
        let authority = try TestAuthority()
        let pair = try Pair(
            Self.context(authority.pem), host: host, server: authority.issue(for: "DNS:widgets.test,IP:127.0.0.1"))
        _ = pair.shakeHands()
        let name = SSL_get_servername(pair.server.ssl, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) }
        #expect(name == sent)
    }

    @Test func `an end that the server has announced is told from one that it hasn't`() throws {
        let authority = try TestAuthority()
        let issued = try authority.issue(for: "DNS:widgets.test")
        for announces in [true, false] {
            let pair = try Pair(Self.context(authority.pem), host: "widgets.test", server: issued)
            _ = pair.shakeHands()
            _ = pair.server.handshake()
            #expect(pair.read() == .wantsRead)
            if announces { pair.server.sendCloseNotify() }
            pair.closeServer()
            #expect(pair.read() == (announces ? .closed : .failed))
        }
    }

    @Test(arguments: ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
    func `text without a certificate isn't taken for authorities`(text: String) {
        #expect(throws: TLSError.self) { try TLSClientContext(authorities: Array(text.utf8), isHTTP2: false) }
    }

    @Test func `contexts are equal where they would do the same`() throws {
        let pem = try TestAuthority().pem
        let context = try Self.context(pem)
        #expect(try context == Self.context(pem))
        #expect(try context != Self.context(pem, isHTTP2: true))
        #expect(try context != Self.context(TestAuthority().pem))
        #expect(try context != TLSClientContext(authorities: nil, isHTTP2: false))
    }
}
