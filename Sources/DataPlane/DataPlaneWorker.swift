package import EventLoop
package import HTTPMessages
package import HTTPUpstream
import IdentityCore
package import PortalSSO
package import UserDirectory
package import VerificationCache

/// One thread's share of the data plane: answers or forwards each request of its connections.
///
/// What happens to a request, and in which order, is in `RequestPipeline.swift`. Confined to its worker's thread.
package final class DataPlaneWorker: ExchangeHandler {
    package private(set) var snapshot: DataPlaneSnapshot
    package var counters = Counters()

    let loop: EventLoop
    let upstreams: UpstreamWorker
    let admission: AdmissionBatcher
    let signIns: SignIns
    /// Seals what browsers keep for the gateway.
    let portalKey: PortalKey
    let verifier = TokenVerifier()
    var cache: CacheWorker<AdmittedIdentity>
    var assertions = AssertionStore()
    var identifiers = RequestIdentifiers()
    var accessLog: AccessLog
    let telemetry: TelemetryRecorder
    let metrics = MetricsShard()
    /// Nanoseconds of the monotonic clock; 0 before the first.
    var lastTick: UInt64 = 0
    /// For a path that isn't what it seems.
    var pathScratch = ByteQueue()
    var targetScratch = ByteQueue()
    var idScratch = ByteQueue()

    /// Requests that aren't over.
    var inFlight = 0
    /// How many of these there may be before further ones are refused.
    private(set) var room: Int
    /// While it is exhausted, next to nothing is taken on.
    package var memory = MemoryLevel.ample {
        didSet {
            room = roomNow
            if memory == .ample { snapshot.cache.growAgain() }
        }
    }

    /// Noted at each verification, so not at a hit: good enough for 'last used'.
    var usedSecrets: Set<String> = []

    private var keys: [OrganizationKeys?]
    private var pools: [UpstreamPool]

    package init(
        loop: EventLoop, upstreams: UpstreamWorker, admission: AdmissionBatcher, signIns: SignIns,
        portalKey: PortalKey, snapshot: DataPlaneSnapshot, log: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.loop = loop
        self.upstreams = upstreams
        self.admission = admission
        self.signIns = signIns
        self.portalKey = portalKey
        self.snapshot = snapshot
        room = snapshot.options.requestsInFlight
        cache = snapshot.cache.register()
        telemetry = TelemetryRecorder(organizations: snapshot.organizations.count)
        accessLog = AccessLog(isJSON: snapshot.options.logsJSON, write: log)
        keys = Array(repeating: nil, count: snapshot.organizations.count)
        pools = snapshot.upstreams.map { upstreams.pool(for: $0.target) }
    }

    /// Decides all further requests by another snapshot.
    package func use(_ next: DataPlaneSnapshot) {
        if next.cache !== snapshot.cache { cache = next.cache.register() }
        snapshot = next
        room = roomNow
        accessLog.isJSON = next.options.logsJSON
        telemetry.use(next.organizations)
        assertions.removeAll()
        keys = Array(repeating: nil, count: next.organizations.count)
        pools = next.upstreams.map { upstreams.pool(for: $0.target) }
        upstreams.keep(only: Set(next.upstreams.map(\.target.name)))
    }

    /// The ids of secrets that have vouched for somebody since the last call.
    package func takeUsedSecrets() -> Set<String> {
        defer { usedSecrets.removeAll(keepingCapacity: true) }
        return usedSecrets
    }

    /// The figures of requests so far, by `MetricsLayout`.
    package var requestFigures: [UInt64] { metrics.copy }

    /// How the cache has served this worker.
    package var cacheCounts: CacheCounts { cache.counts }

    /// What has been written down of tokens and rules since the last call. Nothing is written down beyond `rate`.
    package func takeTelemetry(rate: TokenLogRate) -> TelemetryBatch {
        telemetry.rate = rate
        return telemetry.take(now: EventLoop.wallClock())
    }

    /// To be called at the end of each turn of the loop: no request is being worked on.
    package func turnEnded() { cache.quiesce() }

    /// To be called when the loop has ended: others needn't wait for this worker any more.
    package func ended() {
        accessLog.flush()
        cache.enterIdle()
    }

    /// To be called at each tick of the loop.
    package func tick() {
        measureLag()
        accessLog.flush()
        if memory != .ample { cache.shrink(to: memory == .scarce ? 0.5 : 0.125, now: EventLoop.wallClock()) }
    }

    /// A few are taken on all the same: where the memory isn't in requests, refusing all of them would be of no use.
    private var roomNow: Int {
        let room = snapshot.options.requestsInFlight
        return memory == .exhausted ? min(room, Self.roomWithoutMemory) : room
    }

    private static let roomWithoutMemory = 8

    // MARK: Exchanges

    package func requestReceived(_ exchange: Exchange) {
        counters.requests += 1
        inFlight += 1
        let context = context(of: exchange)
        context.begin()
        run(context)
    }

    package func requestBody(_ exchange: Exchange, _ bytes: Bytes) {
        let context = context(of: exchange)
        switch context.phase {
        case .relaying: context.relay.requestBody(bytes)
        case .collecting: collect(context, bytes)
        case .admitting: context.body.append(bytes)  // Bounded by the stream's window: no credit is given.
        case .idle, .answered: exchange.transport?.consumed(exchange, bytes.count)
        }
    }

    package func requestTooLarge(_ exchange: Exchange) {
        let context = context(of: exchange)
        context.relay.cancel()
        if exchange.responseStarted {
            guard !exchange.responseEnded else { return }
            exchange.isUnwanted = true
            exchange.transport?.abort(exchange)
        } else {
            context.sequence += 1
            reject(context, Rejection(.bodyTooLarge))
        }
    }

    package func requestEnded(_ exchange: Exchange) {
        let context = context(of: exchange)
        exchange.requestTrailers.remove {
            IdentityHeaders.isReserved($0) || ForwardedHead.isForwardingName($0) || ForwardedHead.isFramingName($0)
        }
        switch context.phase {
        case .relaying: context.relay.requestEnded()
        case .collecting: collected(context)
        case .admitting, .idle, .answered: break
        }
    }

    package func responseDrained(_ exchange: Exchange) { context(of: exchange).relay.responseDrained() }

    package func exchangeEnded(_ exchange: Exchange) {
        if exchange.isTunnel { counters.webSocketsOpen -= 1 } else { inFlight -= 1 }
        let context = context(of: exchange)
        conclude(context)
        context.end()
    }

    // MARK: Per worker and snapshot

    func context(of exchange: Exchange) -> RequestContext {
        if let context = exchange.context { return unsafeDowncast(context, to: RequestContext.self) }
        let context = RequestContext(exchange: exchange, worker: self)
        exchange.context = context
        return context
    }

    /// The MAC contexts of an organization's secrets: made on this worker when first needed.
    ///
    /// A request that was begun under an older snapshot makes its own.
    func keys(of organization: Int, in requested: DataPlaneSnapshot) -> OrganizationKeys {
        let settings = requested.organizations[organization]
        guard requested === snapshot else {
            return OrganizationKeys(api: settings.apiKeys, userHash: settings.userHashKeys)
        }
        if let known = keys[organization] { return known }
        let made = OrganizationKeys(api: settings.apiKeys, userHash: settings.userHashKeys)
        keys[organization] = made
        return made
    }

    func pool(_ upstream: Int, in requested: DataPlaneSnapshot) -> UpstreamPool {
        requested === snapshot ? pools[upstream] : upstreams.pool(forOlder: requested.upstreams[upstream].target)
    }
}
