import EventLoop
import HTTPMessages
import HTTPUpstream
import IdentityCore
import UserDirectory

/// The last of a request: what became of it is counted, and written into the access log.
extension DataPlaneWorker {
    func conclude(_ context: RequestContext) {
        let exchange = context.exchange
        let outcome = outcome(of: context)
        let timings = RequestTimings(context, endedAt: EventLoop.monotonicNanoseconds())
        count(context, outcome, timings)
        guard context.snapshot.options.logsAccess, let peer = exchange.transport?.peer else { return }
        accessLog.append(
            AccessLog.Entry(
                time: EventLoop.wallClock(), requestID: context.requestID, requestIDLow: context.requestIDLow,
                client: peer.address, organization: context.organizationSnapshot?.settings.id,
                status: exchange.response.status, bytes: exchange.responseBodySent,
                received: exchange.isTunnel ? exchange.requestBodyReceived : nil, timings: timings,
                state: context.state, outcome: outcome.label, code: context.code?.rawValue),
            exchange.request)
    }

    private func count(_ context: RequestContext, _ outcome: RequestOutcome, _ timings: RequestTimings) {
        let exchange = context.exchange
        let route = MetricsLayout.route(context.endpoint.metricLabel)
        metrics.add(to: route + MetricsLayout.outcome(AccessState(context.state), outcome))
        // How long somebody keeps a WebSocket open says nothing of how fast anything is.
        if !exchange.isTunnel { metrics.observe(nanoseconds: timings.total, in: route + MetricsLayout.outcomesOfRoute) }
        metrics.add(to: MetricsLayout.statusClass + min(5, max(0, exchange.response.status / 100)))
        metrics.add(UInt64(exchange.requestBodyReceived), to: MetricsLayout.requestBytes)
        metrics.add(UInt64(exchange.responseBodySent), to: MetricsLayout.responseBytes)
        guard let upstream = upstreamCells(context) else { return }
        if let latency = timings.upstream {
            metrics.observe(nanoseconds: latency, in: upstream + MetricsLayout.faultCount)
        }
        if outcome == .failed, context.phase == .relaying {
            metrics.add(to: upstream + UpstreamFault.broken.rawValue)
        }
    }

    private func outcome(of context: RequestContext) -> RequestOutcome {
        let exchange = context.exchange
        if context.wasEnded { return .refused }
        guard exchange.responseEnded, exchange.responseBody.isEmpty else {
            // Only an upstream that broke off leaves an unfinished response that nobody works on any more.
            return context.phase == .relaying && !context.relay.isActive ? .failed : .aborted
        }
        if let code = context.code { return code.status >= 500 ? .failed : .refused }
        return context.phase == .relaying ? .forwarded : .answered
    }

    /// The directory has answered.
    func noteAdmissionTime(_ context: RequestContext) {
        let time = EventLoop.monotonicNanoseconds() - context.askedAt
        context.admitTime = time
        metrics.observe(nanoseconds: time, in: MetricsLayout.admission)
    }

    /// An upstream has given no response: `code` says why.
    func noteUpstreamFailure(_ context: RequestContext, _ code: RejectionCode) {
        guard let upstream = upstreamCells(context) else { return }
        metrics.add(to: upstream + UpstreamFault(code).rawValue)
    }

    private func upstreamCells(_ context: RequestContext) -> Int? {
        guard case .upstream(let route) = context.endpoint else { return nil }
        return MetricsLayout.upstream(context.snapshot.upstreams[route.upstream].label)
    }

    /// To be called at each tick of the loop: one that comes late tells that the loop was busy with something else.
    func measureLag() {
        let now = EventLoop.monotonicNanoseconds()
        defer { lastTick = now }
        guard lastTick > 0 else { return }
        let due = lastTick + EventLoop.tickMilliseconds * 1_000_000
        metrics.observe(nanoseconds: now > due ? now - due : 0, in: MetricsLayout.loopLag)
    }
}

/// How long the phases of a request took, in nanoseconds; nil: it hadn't that phase.
struct RequestTimings {
    /// Between the request's head and its upstream, apart from the two phases below: waiting for its turn, for a body
    /// that the gateway reads itself, and for a connection.
    var queue: UInt64?
    /// Verifying the token, or the plain identity.
    var verify: UInt64?
    /// Waiting for the directory.
    var admit: UInt64?
    /// From the request's way out to the head of the upstream's response.
    var upstream: UInt64?
    var total: UInt64 = 0

    init() {}

    init(_ context: RequestContext, endedAt: UInt64) {
        let startedAt = context.exchange.startedAt
        guard startedAt > 0, endedAt >= startedAt else { return }
        total = endedAt - startedAt
        verify = context.verifyTime
        admit = context.admitTime
        // An older one is a former request's, which this object has served too.
        let sentAt = context.relay.sentAt
        guard sentAt >= startedAt else { return }
        let known = (verify ?? 0) + (admit ?? 0)
        queue = sentAt - startedAt > known ? sentAt - startedAt - known : 0
        let answeredAt = context.relay.answeredAt
        if answeredAt >= sentAt { upstream = answeredAt - sentAt }
    }
}
