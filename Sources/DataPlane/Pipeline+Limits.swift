import EventLoop
import HTTPMessages
import IdentityCore

/// How much is taken on: of one client, and of all together.
extension DataPlaneWorker {
    /// Refuses what couldn't be answered in time: an early 503 costs little, and keeps the wait of the others bounded.
    @inline(__always)
    func checkLag(_ exchange: Exchange) throws(Rejection) {
        // The loop's clock stands at the beginning of its turn; the request may have waited since.
        if exchange.startedAt > (loop.now &+ snapshot.options.lagMilliseconds) &* 1_000_000 {
            throw Rejection(.overloaded)
        }
    }

    /// Refuses what may have to wait for others, where too many requests wait already. The SDK and the access state are
    /// there all the same: requests that hang don't take them away, but memory that has run out does.
    @inline(__always)
    func checkRoom(_ endpoint: Endpoint) throws(Rejection) {
        guard inFlight > room else { return }
        if case .state = endpoint, memory != .exhausted { return }
        throw Rejection(.overloaded)
    }

    /// Counts the request against its client's rate.
    @inline(__always)
    func checkRate(_ context: RequestContext) throws(Rejection) {
        if context.snapshot.limitsRequests { try takeRequest(context) }
    }

    @inline(never)
    private func takeRequest(_ context: RequestContext) throws(Rejection) {
        let limit = context.organization.map { context.snapshot.requestLimits[$0] } ?? context.snapshot.requestLimit
        guard let limit, let client = clientKey(context, counting: 0) else { return }
        let wait = context.snapshot.rateTable.take(client, limit, now: context.exchange.startedAt)
        guard wait > 0 else { return }
        context.retryAfterSeconds = Int(wait / 1_000_000_000) + 1
        throw Rejection(.rateLimited)
    }

    /// What a refusal becomes where this client has guessed too often: a token or a user hash that no secret vouches
    /// for is a guess. Only refusals are counted and only refusals change, so that whoever has a good token isn't
    /// kept out by others behind the same address.
    func throttled(_ rejection: Rejection, _ context: RequestContext) -> Rejection {
        guard rejection.code == .tokenSignatureMismatch || rejection.code == .userHashMismatch,
            let limit = context.snapshot.badTokenLimit, let client = clientKey(context, counting: 1)
        else { return rejection }
        let wait = context.snapshot.rateTable.take(client, limit, now: EventLoop.monotonicNanoseconds())
        guard wait > 0 else { return rejection }
        noteThrottled(context, rejection.code)
        context.retryAfterSeconds = Int(wait / 1_000_000_000) + 1
        return Rejection(.rateLimited)
    }

    /// What the table of rates knows a client of this organization by; nil for a trusted proxy that doesn't say for
    /// whom it asks. Keyed, so that nobody finds a client whose place falls together with another's.
    private func clientKey(_ context: RequestContext, counting kind: UInt8) -> UInt64? {
        guard let peer = context.exchange.transport?.peer else { return nil }
        var address = peer.addressBytes
        if let isTrusted = context.snapshot.options.isTrustedProxy, isTrusted(address) {
            guard let client = forwardedClient(context, isTrusted) else { return nil }
            address = client.bytes
        }
        var hasher = Hasher()
        hasher.combine(kind)
        hasher.combine(context.organizationSnapshot?.rateScope ?? 0)
        hasher.combine(ClientNetwork(address))
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }
}
