import DataPlane
import EventLoop
import GatewayConfiguration
import HTTPServer
import HTTPUpstream
import PortalSSO
import TLSEngine
import UserDirectory
import VerificationCache

/// One worker: its thread's loop with the server, the data plane and the upstream connections on it.
///
/// Made on the thread that starts the gateway; from `start` on, everything but `mailbox` belongs to its own thread.
final class GatewayWorker: @unchecked Sendable {  // By that hand-over.
    let mailbox: Mailbox
    private let loop: EventLoop
    private let server: ServerWorker
    private let upstreams: UpstreamWorker
    private let dataPlane: DataPlaneWorker

    init(
        snapshot: DataPlaneSnapshot, limits: ServerLimits, admission: AdmissionBatcher, signIns: SignIns,
        portalKey: PortalKey, clients: ClientConnections
    ) throws(EventLoopError) {
        loop = try EventLoop()
        mailbox = loop.mailbox
        upstreams = UpstreamWorker(loop: loop)
        dataPlane = DataPlaneWorker(
            loop: loop, upstreams: upstreams, admission: admission, signIns: signIns, portalKey: portalKey,
            snapshot: snapshot,
            log: { LogWriter.standardError.write($0) })
        server = ServerWorker(loop: loop, handler: dataPlane, limits: limits)
        server.clients = clients
    }

    /// Takes over a listening socket; before `start` only.
    func listen(with socket: Int32, tls: TLSContext?) throws(EventLoopError) {
        try server.listen(with: socket, tls: tls)
    }

    /// Takes no new connections any more; returns when that is so.
    func closeListeners() async {
        await withCheckedContinuation { continuation in
            mailbox.post { [self] in
                server.closeListeners()
                continuation.resume()
            }
        }
    }

    func start(number: Int) {
        WorkerThread.start(named: "worker-\(number)") { [self] in
            // Each may give the other something to write: whatever it is goes out in the same turn.
            loop.onTurnEnd = { [unowned self] in
                repeat {
                    upstreams.turnEnded()
                    server.turnEnded()
                } while upstreams.hasOutput
                dataPlane.turnEnded()
            }
            loop.onTick = { [unowned self] in
                upstreams.tick()
                server.tick()
                dataPlane.tick()
            }
            loop.run()
            dataPlane.ended()
        }
    }

    func use(_ snapshot: DataPlaneSnapshot, limits: ServerLimits) {
        mailbox.post { [self] in
            dataPlane.use(snapshot)
            server.limits = limits
        }
    }

    /// Memory has become so short, or ample again.
    func use(_ memory: MemoryLevel) {
        mailbox.post { [self] in
            dataPlane.memory = memory
            server.memory = memory
            if memory != .ample { upstreams.closeIdle() }
        }
    }

    /// Returns when all that was asked of the worker until now has been done.
    func settle() async {
        await withCheckedContinuation { continuation in
            mailbox.post { continuation.resume() }
        }
    }

    func replaceTLS(on address: SocketAddress, with tls: TLSContext) {
        mailbox.post { [self] in server.replaceTLS(on: address, with: tls) }
    }

    /// What the worker has counted and has open now. From now on its part of the token log keeps to `rate`.
    func report(_ rate: TokenLogRate) async -> WorkerReport {
        await withCheckedContinuation { continuation in
            mailbox.post { [self] in
                continuation.resume(
                    returning: WorkerReport(
                        counters: dataPlane.counters, connections: server.connectionCount,
                        exchanges: server.exchangeCount, usedSecrets: dataPlane.takeUsedSecrets(),
                        telemetry: dataPlane.takeTelemetry(rate: rate), figures: dataPlane.requestFigures,
                        server: server.counts, cache: dataPlane.cacheCounts, upstreams: upstreams.standings))
            }
        }
    }

    /// Lets the streams in flight finish, then ends the thread. Returns what it still had to say of tokens.
    func drain(_ rate: TokenLogRate) async -> TelemetryBatch {
        await withCheckedContinuation { continuation in
            mailbox.post { [self] in
                server.drain { [self] in
                    dataPlane.tick()
                    loop.stop()
                    continuation.resume(returning: dataPlane.takeTelemetry(rate: rate))
                }
            }
        }
    }
}

struct WorkerReport: Sendable {
    var counters = Counters()
    var connections = 0
    var exchanges = 0
    /// Secrets that have vouched for somebody since the last report.
    var usedSecrets: Set<String> = []
    /// What there is to say of tokens since the last report.
    var telemetry: TelemetryBatch
    /// By `MetricsLayout`.
    var figures: [UInt64]
    var server: ServerCounts
    var cache: CacheCounts
    var upstreams: [UpstreamStanding] = []
}
