import EventLoop
import HTTPMessages

/// One worker's connections to one upstream, to all of its addresses: kept open between requests.
///
/// A request goes to the address with the fewest under way, among those that aren't shut out; where all connections
/// are taken it waits for its turn.
package final class UpstreamPool {
    package internal(set) var target: UpstreamTarget
    /// It lives as long as its pools.
    unowned let worker: UpstreamWorker
    var endpoints: [UpstreamEndpoint]
    private var connections: [UpstreamConnection] = []
    private var sessions: [UpstreamHTTP2Connection] = []
    private var waiting = WaitingRequests()
    private var abandoned = AbandonedConnections()
    private var paused = PausedResponses()
    private var balancer = Balancer()
    private var retries: RetryBudget
    var counts = UpstreamCounts()
    private var requestsUnderWay = 0
    /// Connections for WebSockets, open or about to be.
    private var tunnels = 0
    /// The same over HTTP/2, where they are streams.
    var tunnelStreams = 0
    /// Why the last connection that couldn't be made couldn't.
    private var trouble: String?
    var isRetired = false
    /// Requests that may be under way at once, and how many places of them the clients that ask for much leave alone.
    private let capacity: Int
    private let reserve: Int

    /// A request that finds nobody there is tried at so many addresses.
    private static let maxConnectAttempts = 3

    /// Responses broken off at one tick: those who get their connections all begin at once.
    private static let mostTakenBack = 128

    private enum Placement { case placed, full, shutOut, noSocket }

    init(_ target: UpstreamTarget, worker: UpstreamWorker) {
        self.target = target
        self.worker = worker
        endpoints = target.servers.map(UpstreamEndpoint.init)
        retries = RetryBudget(percent: target.retryPercent)
        capacity = min(target.maxRequests, target.isHTTP2 ? .max : target.maxConnections)
        reserve = capacity / 8
        startChecks()
    }

    // MARK: Requests

    /// Finds or opens a connection for a new request, now or when it is its turn.
    func assign(_ relay: Relay) {
        retries.requestBegan()
        assignAgain(relay)
    }

    /// For a request that was assigned before.
    func assignAgain(_ relay: Relay) {
        switch place(relay) {
        case .placed: break
        case .full: wait(relay)
        case .shutOut:
            if !endpoints.isEmpty { counts.circuitRefusals += 1 }
            relay.failed(.unreachable)
        case .noSocket: relay.failed(.overloaded)
        }
    }

    private func wait(_ relay: Relay) {
        relay.weight = Int.bitWidth - relay.clientsRequests.leadingZeroBitCount
        if closeAbandoned(for: relay), place(relay) == .placed { return }
        guard relay.pinned == nil, waiting.count < target.maxWaiting || makeRoomToWait(for: relay) else {
            counts.queueRefusals += 1
            return relay.failed(.overloaded)
        }
        counts.queued += 1
        relay.deadline = worker.loop.now + UInt64(target.waitSeconds * 1000)
        waiting.insert(relay)
        takeBack(atMost: 1)
    }

    /// Refuses one that waits and whose client asks for much more than this one's.
    private func makeRoomToWait(for relay: Relay) -> Bool {
        guard let heaviest = waiting.removeHeavier(than: relay) else { return false }
        counts.queueRefusals += 1
        heaviest.failed(.overloaded)
        return true
    }

    // MARK: Clients that have gone

    func abandoned(_ connection: UpstreamConnection) { abandoned.append(connection, at: worker.loop.now) }
    func notAbandoned(_ connection: UpstreamConnection) { abandoned.remove(connection) }

    /// Closes a connection that reads on for nobody, so that a request gets its place. Where nobody may wait it needn't
    /// have done so for a while.
    private func closeAbandoned(for relay: Relay) -> Bool {
        guard !abandoned.isEmpty else { return false }
        let mayWait = target.maxWaiting > 0 && relay.pinned == nil
        let found = mayWait ? abandoned.due(forWeight: relay.weight, at: worker.loop.now) : abandoned.oldest
        found?.close()
        return found != nil
    }

    // MARK: Clients that don't read

    func responsePaused(_ relay: Relay) { paused.append(relay, at: worker.loop.now) }
    func responseResumed(_ relay: Relay) { paused.remove(relay) }

    /// Breaks off responses that nobody reads, so that those who wait get their connections.
    private func takeBack(atMost count: Int) {
        let now = worker.loop.now
        for _ in 0..<count {
            guard
                let stalled = paused.stalled(
                    for: UInt64(target.patienceSeconds * 1000), at: now, bytesPerSecond: target.leastBytesPerSecond)
            else { return }
            counts.takenBack += 1
            stalled.breakOff()
        }
    }

    /// To be called at each tick of the loop.
    func relieve() {
        guard !waiting.isEmpty else { return }
        let relieved = waiting.prefix { closeAbandoned(for: $0) }.count
        takeBack(atMost: min(waiting.count - relieved, Self.mostTakenBack))
    }

    /// Forgets a relay that still waits for a connection.
    func withdraw(_ relay: Relay) { waiting.remove(relay) }

    /// Whether a request may be sent a second time; if so, the budget has paid for it.
    func mayRepeat() -> Bool {
        if retries.take(at: worker.loop.now) {
            counts.retries += 1
            return true
        }
        counts.retriesDenied += 1
        return false
    }

    /// Whether there is an address to try that isn't this one.
    func hasAlternative(to endpoint: UpstreamEndpoint) -> Bool {
        let now = worker.loop.now
        return endpoints.contains { $0 !== endpoint && $0.isAvailable(at: now, target.circuit) }
    }

    private func place(_ relay: Relay) -> Placement {
        guard hasRoom(for: relay) || relay.pinned != nil else { return .full }
        guard let endpoint = relay.pinned ?? choose(for: relay) else {
            let now = worker.loop.now
            return endpoints.contains { $0.isAvailable(at: now, target.circuit) } ? .full : .shutOut
        }
        if relay.pinned == nil, !endpoint.circuit.isSpotless { endpoint.circuit.begin(at: worker.loop.now) }
        if relay.tunnel != nil {
            // It may take hours until one is free: nobody waits for that.
            guard tunnels + tunnelStreams < target.maxTunnels else { return .noSocket }
            if !target.isHTTP2 { return connect(relay, to: endpoint) }
        }
        if target.isHTTP2 {
            if let session = endpoint.sessions.first(where: \.takesRequests) {
                session.begin(relay)
                return .placed
            }
        } else if !relay.needsFresh {
            while let connection = endpoint.idle.popLast() {
                if !relay.mayBeRepeated, connection({ $0.isStale }) {
                    connection { $0.close() }
                    continue
                }
                connection { $0.begin(relay) }
                return .placed
            }
        }
        if let connection = endpoint.spare.popLast() {
            connection { $0.begin(relay) }
            return .placed
        }
        guard connections.count - tunnels + sessions.count < target.maxConnections || makeRoom() else { return .full }
        return connect(relay, to: endpoint)
    }

    /// Whether one more request may go to the upstream. The last eighth of its room is for clients with no more requests
    /// under way than there is room left, so that nobody can take all of it by one connection, or by a few.
    @inline(__always)
    private func hasRoom(for relay: Relay) -> Bool {
        let left = capacity - requestsUnderWay
        return left > reserve || (left > 0 && relay.clientsRequests <= left)
    }

    private func choose(for relay: Relay) -> UpstreamEndpoint? {
        let now = worker.loop.now
        let limit = target.maxRequestsPerAddress
        if endpoints.count == 1 {
            let only = endpoints[0]
            return only.load < limit && only.isAvailable(at: now, target.circuit) ? only : nil
        }
        let position = balancer.choose(among: endpoints.count) { position in
            let endpoint = endpoints[position]
            guard endpoint.load < limit, endpoint.isAvailable(at: now, target.circuit) else { return nil }
            // One that has just failed this request comes last.
            return endpoint === relay.avoided ? Int.max : endpoint.load
        }
        return position.map { endpoints[$0] }
    }

    /// Closes the HTTP/1.1 connections that no request is on.
    func closeIdle() {
        for endpoint in endpoints { endpoint.closeIdle() }
    }

    /// Closes a connection that is idle at another address, where one is.
    private func makeRoom() -> Bool {
        for endpoint in endpoints {
            if let connection = endpoint.idle.first ?? endpoint.spare.first {
                connection { $0.close() }
                return true
            }
        }
        return false
    }

    private func connect(_ relay: Relay, to endpoint: UpstreamEndpoint) -> Placement {
        do {
            let link = try UpstreamLink.connect(to: endpoint.server, tls: target.tls, loop: worker.loop)
            counts.connections += 1
            if target.isHTTP2 {
                let session = UpstreamHTTP2Connection(link, endpoint: endpoint, pool: self, worker: worker)
                sessions.append(session)
                endpoint.sessions.append(session)
                session.begin(relay)
            } else {
                let isTunnel = relay.tunnel != nil
                let connection = UpstreamConnection(
                    link, endpoint: endpoint, pool: self, worker: worker, isTunnel: isTunnel)
                if isTunnel { tunnels += 1 }
                connection.slot = connections.count
                connections.append(connection)
                connection.begin(relay)
            }
            return .placed
        } catch {
            // Without descriptors that is this machine's trouble; else there is no way to the address.
            guard error.isExhaustion else {
                noteConnectFailure(endpoint, .unreachable, nil)
                tryElsewhere(relay, endpoint, .unreachable)
                return .placed
            }
            return .noSocket
        }
    }

    // MARK: For connections

    /// A connection couldn't be made.
    ///
    /// - Parameter reason: what was wrong with the server's certificate, where that was it.
    func noteConnectFailure(_ endpoint: UpstreamEndpoint, _ failure: UpstreamFailure, _ reason: String?) {
        counts.connectFailures += 1
        trouble = "\(endpoint.server.address): \(reason ?? (failure == .timeout ? "no answer" : "refused"))"
        noteFailure(endpoint, failure)
    }

    /// For a request whose connection couldn't be made: another address may do.
    func tryElsewhere(_ relay: Relay, _ endpoint: UpstreamEndpoint, _ failure: UpstreamFailure) {
        relay.connectAttempts += 1
        relay.avoided = endpoint
        guard relay.pinned == nil, relay.connectAttempts < min(Self.maxConnectAttempts, endpoints.count),
            hasAlternative(to: endpoint)
        else { return relay.failed(failure) }
        assignAgain(relay)
    }

    /// The address has answered with a head.
    @inline(__always)
    func noteSuccess(_ endpoint: UpstreamEndpoint) {
        if !endpoint.circuit.isSpotless { endpoint.circuit.succeeded() }
    }

    /// The address didn't answer, or not with HTTP. A malformed answer is one page's fault as likely as the server's: it
    /// shuts nobody out.
    func noteFailure(_ endpoint: UpstreamEndpoint, _ failure: UpstreamFailure) {
        switch failure {
        case .malformed:
            counts.malformed += 1
            return
        case .timeout: counts.timeouts += 1
        case .unreachable, .overloaded, .withoutWebSockets: break
        }
        let opened = endpoint.circuit.failed(
            at: worker.loop.now, jitter: Double.random(in: 0...1), target.circuit)
        guard opened else { return }
        counts.circuitsOpened += 1
        for connection in (endpoint.idle + endpoint.spare).map(\.object) { connection.close() }
    }

    func requestBegan(at endpoint: UpstreamEndpoint) {
        requestsUnderWay += 1
        endpoint.requestBegan()
    }

    func requestEnded(at endpoint: UpstreamEndpoint) {
        requestsUnderWay -= 1
        endpoint.requestEnded(at: worker.loop.now)
    }

    /// A request has become a tunnel: it isn't one of those under way any more.
    func tunnelOpened(at endpoint: UpstreamEndpoint) {
        counts.tunnels += 1
        requestEnded(at: endpoint)
        if !waiting.isEmpty { worker.markWaiting(self) }
    }

    /// The connection has served its request and can take another.
    func free(_ connection: UpstreamConnection) {
        let endpoint = connection.endpoint
        if isRetired || endpoint.isRetired { return connection.close() }
        forgetSpare(connection)
        endpoint.idle.append(Uncounted(connection))
        if !waiting.isEmpty { serveWaiting() }
    }

    /// The client has gone before the connection was made: the next request may have it. False: nobody will.
    func spare(_ connection: UpstreamConnection) -> Bool {
        let endpoint = connection.endpoint
        guard !isRetired, !endpoint.isRetired else { return false }
        endpoint.spare.append(Uncounted(connection))
        if !waiting.isEmpty { worker.markWaiting(self) }
        return true
    }

    private func forgetSpare(_ connection: UpstreamConnection) {
        guard !connection.endpoint.spare.isEmpty else { return }
        connection.endpoint.spare.removeAll { $0.pointer == Uncounted(connection).pointer }
    }

    /// Something has become free: clients that ask for little go first, and of those who ask for as much, who came first.
    func serveWaiting() {
        while let relay = waiting.first {
            switch place(relay) {
            case .full: return
            case .placed:
                // A connection that fails at once may have taken others off the list.
                waiting.remove(relay)
            case .shutOut:
                waiting.remove(relay)
                relay.failed(.unreachable)
            case .noSocket:
                waiting.remove(relay)
                relay.failed(.overloaded)
            }
        }
    }

    func remove(_ connection: UpstreamConnection) {
        worker.bury(connection)  // First of all: nobody else may hold it.
        let last = connections.count - 1
        connections.swapAt(connection.slot, last)
        connections[connection.slot].slot = connection.slot
        connections.removeLast()
        if connection.isTunnel { tunnels -= 1 }
        connection.endpoint.idle.removeAll { $0.pointer == Uncounted(connection).pointer }
        forgetSpare(connection)
        if !waiting.isEmpty { worker.markWaiting(self) }
    }

    func remove(_ session: UpstreamHTTP2Connection) {
        worker.bury(session)
        sessions.removeAll { $0 === session }
        session.endpoint.sessions.removeAll { $0 === session }
        if !waiting.isEmpty { worker.markWaiting(self) }
    }

    // MARK: Time

    func tick(now: UInt64) {
        for connection in connections { connection.checkTimeout(now: now) }
        for session in sessions { session.checkTimeouts(now: now) }
        for endpoint in endpoints { endpoint.check?.tick(now: now) }
        guard !waiting.isEmpty else { return }
        for relay in waiting.removeLate(at: now) {
            counts.queueRefusals += 1
            relay.failed(.overloaded)
        }
        // A circuit may be ready for its probe.
        if !waiting.isEmpty { serveWaiting() }
    }

    // MARK: State

    /// No connection is open, and nobody waits for one.
    var isEmpty: Bool { connections.isEmpty && sessions.isEmpty && waiting.isEmpty }

    package var standing: UpstreamStanding {
        UpstreamStanding(
            name: target.name, counts: counts, openConnections: connections.count + sessions.count,
            openTunnels: tunnels + tunnelStreams, requestsUnderWay: requestsUnderWay, requestsWaiting: waiting.count,
            addresses: endpoints.count,
            addressesShutOut: endpoints.count { !$0.health.isWell || $0.circuit.state != .closed }, trouble: trouble)
    }
}

extension EventLoopError {
    /// The machine has no descriptors or memory left: no fault of whoever was to be reached.
    fileprivate var isExhaustion: Bool {
        guard case .system(_, let code) = self else { return true }
        return UpstreamLink.exhaustion.contains(code)
    }
}
