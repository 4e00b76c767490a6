import EventLoop
import HTTP2Engine
import HTTPMessages
import TLSEngine

/// What ends a connection, or one of its streams, because it takes too long. All of it is looked at about once a
/// second: no connection has a timer of its own.
extension Connection {
    /// How long a client may go on sending a request that has been answered.
    private static let answeredNanoseconds: UInt64 = 2_000_000_000
    private static let lingerMilliseconds: UInt64 = 1000
    /// A client with so many stalls at a time is sent away, whatever else it asks.
    private static let stallsAtOnce = 16
    /// The same where the client doesn't even read what was sent last.
    private static let unreadLingerMilliseconds: UInt64 = 5000

    func checkTimeouts(now: UInt64) {
        let waited = Double(now - min(now, waitingSince)) / 1000
        switch phase {
        case .greeting, .handshaking, .sniffing:
            if waited > worker.limits.headerSeconds { close() }
        case .open:
            if let session { checkOpen(session, now, waited) }
        case .lingering:
            let allowed = unsent.isEmpty ? Self.lingerMilliseconds : Self.unreadLingerMilliseconds
            if now - min(now, waitingSince) > allowed { breakOff() }
        case .closed: break
        }
    }

    private func checkOpen(_ session: OpenSession, _ now: UInt64, _ waited: Double) {
        let limits = worker.limits
        session { $0.secondPassed() }
        if session({ $0.wantsToSend }) { worker.markDirty(self) }
        let idle = Double(now - min(now, lastActivity)) / 1000
        if session({ $0.openHead }) != 0, waited > limits.headerSeconds { return close() }
        if idle > limits.headerSeconds, hasHalfMessage(session) { return close() }
        if isSocketStalled(now) { return breakOff() }
        if exchangeCount > 0 {
            stopAnsweredRequests(session)
            endStalledExchanges(session, now)
        }
        // Requests that wait for their upstream have time limits of their own.
        let waitsForClient = !unsent.isEmpty || owesAnything(session)
        if idle > limits.idleSeconds, exchangeCount == 0 || waitsForClient { expire() }
    }

    /// Half a frame, or half a TLS record, that isn't left lying here by ourselves.
    private func hasHalfMessage(_ session: OpenSession) -> Bool {
        wantsToRead && (session { $0.isWithinMessage } || records.map { records in records { $0.hasPending } } ?? false)
    }

    /// Closes without waiting for what the client hasn't read: otherwise the kernel would keep that for minutes.
    private func breakOff() {
        if !unsent.isEmpty { StreamSocket.resetOnClose(handle.socket) }
        close()
    }

    private var stallRule: StallRule {
        StallRule(
            seconds: min(worker.stallSeconds, worker.limits.idleSeconds),
            bytesPerSecond: worker.limits.leastBytesPerSecond)
    }

    private func isSocketStalled(_ now: UInt64) -> Bool {
        guard !unsent.isEmpty else {
            writtenMarkedAt = 0
            return false
        }
        return stallRule.isStalled(written, mark: &writtenMark, markedAt: &writtenMarkedAt, now: now)
    }

    /// Stops requests that go on although they have been answered. Not at once: most are about to end anyway, and
    /// some clients take a reset for a failure, or don't look at the answer before they have sent everything.
    private func stopAnsweredRequests(_ session: OpenSession) {
        guard peer.httpVersion == 2 else { return }
        let now = EventLoop.monotonicNanoseconds()
        for exchange in session({ $0.exchanges.map(\.object) })
        where exchange.responseEnded && exchange.responseBody.isEmpty && !exchange.requestEnded
            && now - min(now, exchange.startedAt) > Self.answeredNanoseconds
        {
            session { $0.finishEarly(exchange) }
            worker.markDirty(self)
        }
    }

    /// Resets streams that have waited too long for their client, for the rest of a request or for leave to go on
    /// with a response: others keep the connection from being idle, and each holds an upstream's connection.
    private func endStalledExchanges(_ session: OpenSession, _ now: UInt64) {
        let rule = stallRule
        let patient = StallRule(seconds: worker.limits.idleSeconds, bytesPerSecond: 0)
        let owed = session { $0.exchanges.reduce(0) { $0 + $1.object.requestBodyOutstanding } }
        let http2 = worker.limits.http2
        // A client that has used up its windows can't send; the last few bytes of one aren't worth a frame.
        let mayAnySend = owed < http2.connectionWindow - 16 * 1024
        var ended = 0
        for exchange in session({ $0.exchanges.map(\.object) }) where exchange.startedAt != 0 {
            worker.handler.exchangeGoesOn(exchange)
            // A tunnel owes nothing: how long it may be silent is for its upstream to say.
            let owesRequest =
                !exchange.requestEnded && !exchange.responseEnded && mayAnySend && exchange.request.tunnel == .none
                && exchange.requestBodyOutstanding < http2.streamWindow - 16 * 1024
            let moved = exchange.responseBodySent + (exchange.isTunnel ? 0 : exchange.requestBodyReceived)
            guard owesRequest || !exchange.responseBody.isEmpty else {
                exchange.progress = moved
                exchange.progressAt = now
                continue
            }
            // Once the upstream has begun to answer, both may take turns, at their own pace.
            let isConversation = exchange.responseBody.isEmpty && (exchange.responseStarted || exchange.isStreamingCall)
            let applied = isConversation ? patient : rule
            guard applied.isStalled(moved, mark: &exchange.progress, markedAt: &exchange.progressAt, now: now) else {
                if !isConversation, exchange.progressAt != now { worker.stalledRequests += 1 }
                continue
            }
            ended += 1
            exchange.isUnwanted = true
            session { $0.reset(exchange) }
        }
        guard ended > 0 else { return }
        // Nothing but stalls: the next ones needn't be waited for.
        if ended == exchangeCount || ended >= Self.stallsAtOnce { session { $0.sendAway() } }
        worker.markDirty(self)
    }

    private func owesAnything(_ session: OpenSession) -> Bool {
        session {
            $0.exchanges.contains { exchange in
                exchange { !$0.responseBody.isEmpty || !$0.requestEnded && $0.request.tunnel == .none }
            }
        }
    }

    func expire() {
        guard exchangeCount == 0, unsent.isEmpty, goodbyes == 0 else { return breakOff() }
        sayGoodbye()
        sayGoodbye()
    }
}

extension Exchange {
    /// Body bytes that the client has no credit for any more.
    fileprivate var requestBodyOutstanding: Int { requestBodyReceived - requestBodyConsumed }

    /// gRPC's calls: either side speaks when it has something to say.
    fileprivate var isStreamingCall: Bool {
        guard let type = request.fields.first(.contentType) else { return false }
        return type.part(0, min(16, type.count)).equals("application/grpc")
    }
}
