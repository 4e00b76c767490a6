import EventLoop
import Glibc
import HTTPMessages
import TLSEngine

/// The bytes of one connection to an upstream, in TLS or not.
struct UpstreamLink {
    let handle: IOHandle
    private let tls: TLSConnection?
    /// The same, for each read and write: `tls` keeps it.
    private let records: Uncounted<TLSConnection>?

    /// Begins to connect to `server`.
    static func connect(
        to server: UpstreamServer, tls: TLSClientContext?, loop: EventLoop
    ) throws(EventLoopError) -> UpstreamLink {
        let socket = try StreamSocket.connect(to: server.address)
        let handle = try IOHandle(socket: socket, loop: loop)
        guard let tls else { return UpstreamLink(handle: handle, tls: nil) }
        guard let connection = TLSConnection(tls, socket: socket, host: server.host) else {
            handle.close()
            throw EventLoopError.system(call: "SSL_new", errno: 0)
        }
        return UpstreamLink(handle: handle, tls: connection)
    }

    private init(handle: IOHandle, tls: TLSConnection?) {
        self.handle = handle
        self.tls = tls
        records = tls.map { Uncounted($0) }
    }

    var isTLS: Bool { tls != nil }

    /// `.done` at once where there is no TLS.
    func handshake() -> TLSConnection.Handshake { tls?.handshake() ?? .done(isHTTP2: false) }

    /// What was wrong with the server's certificate, where that is why the handshake failed.
    var verificationFailure: String? { tls?.verificationFailure }

    @inline(__always)
    func read(into buffer: UnsafeMutableRawBufferPointer) -> StreamSocket.Outcome {
        guard let records else { return StreamSocket.read(handle.socket, into: buffer) }
        return Self.outcome(records { $0.read(into: buffer) })
    }

    @inline(__always)
    func write(_ bytes: Bytes) -> StreamSocket.Outcome {
        guard let records else { return StreamSocket.write(handle.socket, bytes) }
        return Self.outcome(records { $0.write(bytes) })
    }

    /// Whether a read that brought `count` bytes into a buffer of `capacity` may have left some.
    @inline(__always)
    func mayHaveMore(after count: Int, of capacity: Int) -> Bool {
        guard let records else { return count == capacity }
        return records { $0.hasPending }
    }

    /// Whether an idle connection has ended, or says what nobody asked for, without anybody having looked yet.
    var isStale: Bool { StreamSocket.hasInputOrEnd(handle.socket) }

    /// Says that nothing more will be sent; what the upstream still sends can be read.
    func finishWriting() {
        tls?.sendCloseNotify()
        StreamSocket.shutdownWriting(handle.socket)
    }

    func close() {
        tls?.sendCloseNotify()
        handle.close()
    }

    /// What a system call says where this machine has run out of something.
    static let exhaustion: Set<Int32> = [EMFILE, ENFILE, ENOMEM, ENOBUFS, EAGAIN]

    private static func outcome(_ outcome: TLSConnection.Outcome) -> StreamSocket.Outcome {
        switch outcome {
        case .done(let count): .done(count)
        case .wantsRead, .wantsWrite: .wouldBlock
        case .closed: .closed
        case .failed: .failed(0)
        }
    }
}
