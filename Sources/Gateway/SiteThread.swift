package import EventLoop
package import HTTPMessages
import HTTPServer
package import TLSEngine

/// A small server of its own thread: the admin listener and the demo's sites.
package final class SiteThread: @unchecked Sendable {  // Handed over to its thread by `start`.
    package let address: SocketAddress
    private let loop: EventLoop
    private let server: ServerWorker

    package init(on address: SocketAddress, tls: TLSContext?, handler: any ExchangeHandler) throws(EventLoopError) {
        loop = try EventLoop()
        var limits = ServerLimits()
        limits.connections = 1000
        server = ServerWorker(loop: loop, handler: handler, limits: limits)
        self.address = try server.listen(on: address, tls: tls, sharing: false)
    }

    package func start(named name: String) {
        WorkerThread.start(named: name) { [self] in
            loop.onTurnEnd = { [unowned self] in server.turnEnded() }
            loop.onTick = { [unowned self] in server.tick() }
            loop.run()
        }
    }

    package func stop() { loop.mailbox.post { [self] in loop.stop() } }
}
