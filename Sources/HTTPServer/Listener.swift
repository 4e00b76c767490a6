import EventLoop
import Glibc
import TLSEngine

/// One worker's listening socket for an address.
final class Listener: SocketOwner {
    let address: SocketAddress
    var tls: TLSContext?
    private let handle: IOHandle
    private unowned let worker: ServerWorker

    /// Connections accepted in one turn: the others wait, so that those that are open aren't kept waiting.
    private static let acceptsPerTurn = 64

    init(
        _ address: SocketAddress, tls: TLSContext?, sharing: Bool, worker: ServerWorker
    ) throws(EventLoopError) {
        let socket = try StreamSocket.listen(on: address, sharing: sharing)
        self.address = StreamSocket.localAddress(of: socket) ?? address
        self.tls = tls
        self.worker = worker
        handle = try IOHandle(socket: socket, loop: worker.loop)
        handle.owner = self
        handle.watch(readable: true, writable: false)
    }

    func socketReady(readable: Bool, writable: Bool) {
        for _ in 0..<Self.acceptsPerTurn {
            guard let (socket, peer) = StreamSocket.accept(from: handle.socket) else {
                // Out of descriptors: asking again at once would only burn time. The next tick asks again.
                if errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS {
                    handle.watch(readable: false, writable: false)
                }
                return
            }
            guard worker.connectionCount < worker.limits.connections else {
                Glibc.close(socket)
                continue
            }
            Connection.open(socket: socket, peer: peer, tls: tls, worker: worker)
        }
    }

    func resume() { handle.watch(readable: true, writable: false) }

    func close() { handle.close() }
}
