import EventLoop
import Glibc
import TLSEngine

/// One worker's listening socket for an address.
final class Listener: SocketOwner {
    let address: SocketAddress
    var tls: TLSContext?
    private let handle: IOHandle
    private unowned let worker: ServerWorker
    /// Whether the next connection may be given one of the last descriptors.
    private var isShort = false

    /// Connections accepted in one turn: the others wait, so that those that are open aren't kept waiting. A TLS
    /// handshake takes up to a millisecond.
    private static let acceptsPerTurn = 16
    private static let longestQueue = 8192

    /// Takes over `socket`, which listens already.
    init(_ socket: Int32, tls: TLSContext?, worker: ServerWorker) throws(EventLoopError) {
        guard let address = StreamSocket.localAddress(of: socket) else {
            throw EventLoopError.system(call: "getsockname", errno: errno)
        }
        self.address = address
        self.tls = tls
        self.worker = worker
        handle = try IOHandle(socket: socket, loop: worker.loop)
        handle.owner = self
        handle.watch(readable: true, writable: false)
    }

    func socketReady(readable: Bool, writable: Bool) { acceptSome() }

    /// Accepts whoever is waiting: a listener that is closed would turn them away.
    func acceptAll() {
        for _ in 0..<Self.longestQueue / Self.acceptsPerTurn where !acceptSome() { return }
    }

    /// Returns whether there may be more.
    @discardableResult
    private func acceptSome() -> Bool {
        for _ in 0..<Self.acceptsPerTurn {
            guard !isShort || !SpareDescriptors.areNext(to: handle.socket) else { return pause() }
            guard let (socket, peer) = StreamSocket.accept(from: handle.socket) else {
                return errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS ? pause() : false
            }
            isShort = SpareDescriptors.areNear(socket)
            guard worker.clients?.opened(by: peer.bytes) ?? true else {
                worker.counts.refusedOfClients += 1
                Glibc.close(socket)
                continue
            }
            guard worker.hasRoomForConnection() else {
                worker.countRefusal()
                worker.clients?.closed(by: peer.bytes)
                Glibc.close(socket)
                continue
            }
            worker.counts.accepted += 1
            if !Connection.open(socket: socket, peer: peer, tls: tls, worker: worker) {
                worker.clients?.closed(by: peer.bytes)
            }
        }
        return true
    }

    /// Out of descriptors: asking again at once would only burn time. The next tick asks again.
    private func pause() -> Bool {
        handle.watch(readable: false, writable: false)
        return false
    }

    func resume() { handle.watch(readable: true, writable: false) }

    func close() { handle.close() }
}
