import CTimerFD
import EventLoop
import Glibc
import HTTP2Client
import HTTPMessages

/// One run: connections are made, then requests are sent until the time is over, then the last answers are awaited.
///
/// With a rate it is an open loop: requests fall due by the clock, whether or not earlier ones were answered, and a
/// request's latency counts from when it was due. Without one it is a closed loop: each stream sends its next request
/// when it has the answer to the last.
final class LoadRun: LoadConnectionOwner {
    private enum Phase { case connecting, warming, sending, draining, done }

    /// How long connections may take at the start, and last answers at the end, in nanoseconds.
    private static let patience: UInt64 = 15_000_000_000

    private(set) var measurements = Measurements()
    /// Of the tokens' first requests, where those are apart.
    private(set) var warmUp = Measurements()
    /// Called when the first request of all is about to be sent, when that which counts is, and after each second.
    var onBegin: () -> Void = {}
    var onStart: () -> Void = {}
    var onSecond: (Measurements.Second, Int) -> Void = { _, _ in }

    /// The target stopped taking connections before the time was over.
    private(set) var lostTarget = false
    /// How long requests were sent for, in seconds.
    private(set) var sentFor = 0.0
    /// The same of the tokens' first requests.
    private(set) var warmedFor = 0.0

    private let plan: LoadPlan
    private let tokens: TokenStock
    private let address: SocketAddress
    private let loop: EventLoop
    private let tls: TLSClientContext?
    private let fields: RequestFields
    private let check: AnswerCheck
    private let clock: IntervalTimer

    private var phase = Phase.connecting
    private var connections: [LoadConnection] = []
    private var failedConnections = 0
    private var begunAt: UInt64
    private var secondEndsAt: UInt64 = 0
    private var random = RandomSequence(seed: 0x5EED)
    private var users: UserChoice
    private var nextConnection = 0
    private var nextToWarm = 0
    private var fault: LoadError?

    // Open loop: requests that are due, by number; the next one not sent yet.
    private var nextDue = 0
    private var dueNow = 0

    init(_ plan: LoadPlan, tokens: TokenStock, address: SocketAddress) throws(LoadError) {
        self.plan = plan
        self.tokens = tokens
        self.address = address
        do {
            loop = try EventLoop()
            // Short enough not to be seen in a latency, long enough not to be the load itself.
            clock = try IntervalTimer(
                nanoseconds: plan.rate.map { UInt64(max(100_000, min(1e9 / $0, 1e7))) } ?? 5_000_000, loop: loop)
        } catch {
            throw LoadError("\(error)")
        }
        tls = plan.target.isTLS ? TLSClientContext() : nil
        var more: [(name: String, value: String)] = [("user-agent", "widget-load"), ("accept", "application/json")]
        if let organization = plan.organization { more.append(("x-widget-organization", organization)) }
        fields = RequestFields(
            scheme: plan.target.isTLS ? "https" : "http", authority: plan.target.authority, path: plan.path, more: more)
        check = AnswerCheck(namesUser: plan.namesUser)
        users = UserChoice(count: plan.users, zipf: plan.zipf)
        begunAt = EventLoop.monotonicNanoseconds()
    }

    /// Runs to the end. Throws where the target can't be reached.
    func run() throws(LoadError) {
        for _ in 0..<plan.connections { try connect() }
        clock.onExpiry = { [unowned self] in tick() }
        loop.run()
        clock.onExpiry = {}
        measurements.finish()
        warmUp.finish()
        if let fault { throw fault }
    }

    // MARK: Connections

    private func connect() throws(LoadError) {
        let name = SocketAddress(host: plan.target.host, port: 0) == nil ? plan.target.host : nil
        connections.append(
            try LoadConnection(to: address, tls: tls, name: name, fields: fields, loop: loop, owner: self))
    }

    func connected(_ connection: LoadConnection) {
        measurements.recordHandshake(nanoseconds: EventLoop.monotonicNanoseconds() - connection.startedAt)
        failedConnections = 0
        if phase == .connecting, connections.allSatisfy(\.isOpen) { begin() } else { turned(connection) }
    }

    func disconnected(_ connection: LoadConnection, beforeReady: Bool) {
        connections.removeAll { $0 === connection }
        guard phase == .connecting || phase == .warming || phase == .sending || (phase == .draining && nextDue < dueNow)
        else { return }
        if beforeReady {
            failedConnections += 1
            measurements.record(.connectionLost)
            if phase == .connecting {
                return stop("\(plan.target.authority) takes no connection, or doesn't speak HTTP/2")
            }
            // The gateway is gone: going on would only be noise.
            if failedConnections > 3 * plan.connections {
                lostTarget = true
                return stop(nil)
            }
        }
        do throws(LoadError) { try connect() } catch { stop(error.description) }
    }

    // MARK: Requests

    private func begin() {
        onBegin()
        guard plan.warmsUp else { return start() }
        begunAt = EventLoop.monotonicNanoseconds()
        secondEndsAt = begunAt + 1_000_000_000
        phase = .warming
        for connection in connections { fill(connection) }
    }

    private func start() {
        if plan.warmsUp { warmedFor = Double(EventLoop.monotonicNanoseconds() - begunAt) / 1e9 }
        begunAt = EventLoop.monotonicNanoseconds()
        secondEndsAt = begunAt + 1_000_000_000
        phase = .sending
        onStart()
        if plan.rate == nil {
            for connection in connections { fill(connection) }
        }
    }

    /// Closed loop: keeps all streams of a connection busy.
    private func fill(_ connection: LoadConnection) {
        while takesMore(connection) {
            guard send(on: connection, since: EventLoop.monotonicNanoseconds()) else { break }
        }
        connection.flush()
    }

    /// Open loop: sends what is due, each on the next connection that has a stream to spare.
    private func sendDue() {
        guard let rate = plan.rate, phase == .sending || phase == .draining else { return }
        while nextDue < dueNow, let connection = nextFree() {
            let since = begunAt + UInt64(Double(nextDue) / rate * 1e9)
            guard send(on: connection, since: since) else { break }
            nextDue += 1
        }
        for connection in connections { connection.flush() }
    }

    private func nextFree() -> LoadConnection? {
        for _ in connections.indices {
            nextConnection += 1
            if nextConnection >= connections.count { nextConnection = 0 }
            if takesMore(connections[nextConnection]) { return connections[nextConnection] }
        }
        return nil
    }

    private func takesMore(_ connection: LoadConnection) -> Bool {
        connection.isOpen && connection.inFlight < plan.streams
            && plan.requestsPerConnection.map { connection.sent < $0 } ?? true
    }

    private func send(on connection: LoadConnection, since: UInt64) -> Bool {
        if phase == .warming {
            guard nextToWarm < plan.users else { return false }
            nextToWarm += 1
            return connection.send(
                PendingRequest(kind: .valid, user: nextToWarm - 1, since: since),
                authorization: tokens.authorization(.valid, user: nextToWarm - 1))
        }
        let kind = plan.mix.kind(Int.random(in: 0..<plan.mix.total, using: &random))
        let user = kind == .anonymous ? 0 : users.next(&random)
        return connection.send(
            PendingRequest(kind: kind, user: user, since: since),
            authorization: tokens.authorization(kind, user: user))
    }

    func turned(_ connection: LoadConnection) {
        if connection.inFlight == 0, connection.isSpent || isUsedUp(connection) {
            connection.close()
        } else if phase == .warming || (phase == .sending && plan.rate == nil) {
            fill(connection)
        } else if nextDue < dueNow {
            sendDue()
        }
        endIfDone()
    }

    private func isUsedUp(_ connection: LoadConnection) -> Bool {
        plan.requestsPerConnection.map { connection.sent >= $0 } ?? false
    }

    func answered(_ request: PendingRequest, status: Int, body: [UInt8]) {
        let latency = EventLoop.monotonicNanoseconds() - request.since
        let code = status >= 400 ? AnswerCheck.code(body) : ""
        let judgement = check.judge(request, status: status, code: code, body: body)
        if phase == .warming {
            warmUp.record(request.kind, nanoseconds: latency, status: status, code: code, judgement: judgement)
        } else {
            measurements.record(request.kind, nanoseconds: latency, status: status, code: code, judgement: judgement)
        }
    }

    func failed(_ request: PendingRequest, reason: LoadFailure) {
        if phase == .warming { warmUp.record(reason) } else { measurements.record(reason) }
    }

    // MARK: Time

    private func tick() {
        let now = EventLoop.monotonicNanoseconds()
        switch phase {
        case .connecting:
            if now - begunAt > LoadRun.patience { stop("\(plan.target.authority) doesn't answer") }
        case .warming:
            if now >= secondEndsAt {
                secondEndsAt += 1_000_000_000
                onSecond(warmUp.endSecond(), warmUp.wrongAnswers)
            }
        case .sending:
            let elapsed = Double(now - begunAt) / 1e9
            if let rate = plan.rate { dueNow = min(Int(elapsed * rate) + 1, Int(plan.duration * rate)) }
            sendDue()
            if now >= secondEndsAt {
                secondEndsAt += 1_000_000_000
                onSecond(measurements.endSecond(), measurements.wrongAnswers)
            }
            if elapsed >= plan.duration {
                sentFor = elapsed
                phase = .draining
                endIfDone()
            }
        case .draining:
            sendDue()
            endIfDone()
            if Double(now - begunAt) / 1e9 > plan.duration + Double(LoadRun.patience) / 1e9 { finish() }
        case .done: break
        }
    }

    private func endIfDone() {
        if phase == .warming, nextToWarm == plan.users, connections.allSatisfy({ $0.inFlight == 0 }) { return start() }
        if phase == .draining, nextDue >= dueNow, connections.allSatisfy({ $0.inFlight == 0 }) { finish() }
    }

    private func stop(_ reason: String?) {
        guard phase != .done else { return }
        if let reason { fault = LoadError(reason) }
        if phase == .sending { sentFor = Double(EventLoop.monotonicNanoseconds() - begunAt) / 1e9 }
        finish()
    }

    /// What was due and never sent counts as unanswered, and so does what is still under way.
    private func finish() {
        guard phase != .done else { return }
        phase = .done
        measurements.record(.unanswered, count: dueNow - nextDue)
        for connection in connections { connection.close(reason: .unanswered) }
        loop.stop()
    }
}

/// A timer finer than the loop's own, which counts milliseconds.
final class IntervalTimer: SocketOwner {
    var onExpiry: () -> Void = {}
    private let handle: IOHandle

    init(nanoseconds: UInt64, loop: EventLoop) throws(EventLoopError) {
        let timer = widget_interval_timer(nanoseconds)
        guard timer >= 0 else { throw EventLoopError.system(call: "timerfd_create", errno: errno) }
        handle = try IOHandle(socket: timer, loop: loop)
        handle.owner = self
        handle.watch(readable: true, writable: false)
    }

    func socketReady(readable: Bool, writable: Bool) {
        var expiries: UInt64 = 0
        guard Glibc.read(handle.socket, &expiries, 8) == 8 else { return }
        onExpiry()
    }
}
