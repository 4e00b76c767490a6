package import EventLoop
import HTTP2Engine
package import HTTPMessages
import HTTPServer
package import TLSEngine

/// A small server of its own thread: the admin listener and the demo's sites.
package final class SiteThread: @unchecked Sendable {  // Handed over to its thread by `start`.
    package let address: SocketAddress
    private let loop: EventLoop
    private let server: ServerWorker

    package convenience init(
        on address: SocketAddress, tls: TLSContext?, handler: any ExchangeHandler
    ) throws(EventLoopError) {
        try self.init(
            with: try StreamSocket.listen(on: address, as: .alone), tls: tls, takesAnyLength: false
        ) { _ in handler }
    }

    /// - Parameters:
    ///   - socket: listens already.
    ///   - takesAnyLength: whether the handler itself bounds what bodies it takes in.
    ///   - handler: makes the handler, which may have others leave work for it in the thread's mailbox.
    package init(
        with socket: Int32, tls: TLSContext?, takesAnyLength: Bool,
        handler: (Mailbox) -> any ExchangeHandler
    ) throws(EventLoopError) {
        loop = try EventLoop()
        var limits = ServerLimits()
        limits.connections = 1000
        if takesAnyLength { limits.http2.bodyBytes = nil }
        server = ServerWorker(loop: loop, handler: handler(loop.mailbox), limits: limits)
        address = try server.listen(with: socket, tls: tls)
    }

    package func start(named name: String) {
        WorkerThread.start(named: name) { [self] in
            loop.onTurnEnd = { [unowned self] in server.turnEnded() }
            loop.onTick = { [unowned self] in server.tick() }
            loop.run()
        }
    }

    /// Takes no new connections any more.
    package func closeListener() { loop.mailbox.post { [self] in server.closeListeners() } }

    package func stop() { loop.mailbox.post { [self] in loop.stop() } }
}
