import HTTPMessages

/// How long a response has waited for its client, and how far it had come when that began.
struct ResponsePause {
    /// Milliseconds of the loop's clock; 0: it doesn't wait.
    fileprivate var since: UInt64 = 0
    fileprivate var sent = 0
    fileprivate var delivery = Delivery()
    fileprivate var before: Uncounted<Relay>?
    fileprivate var after: Uncounted<Relay>?

    @inline(__always)
    var isOn: Bool { since != 0 }
}

/// The responses of a pool that wait for their clients, those that have waited longest first.
///
/// A list through the relays themselves: each takes itself off before it goes on to anything else.
struct PausedResponses {
    private var first: Uncounted<Relay>?
    private var last: Uncounted<Relay>?

    mutating func append(_ relay: Relay, at now: UInt64) {
        relay.pause.since = max(1, now)
        relay.pause.sent = relay.exchange { $0.responseBodySent }
        relay.pause.delivery = relay.exchange { $0.transport?.delivery ?? Delivery() }
        relay.pause.before = last
        relay.pause.after = nil
        if let last { last { $0.pause.after = Uncounted(relay) } } else { first = Uncounted(relay) }
        last = Uncounted(relay)
    }

    mutating func remove(_ relay: Relay) {
        let (before, after) = (relay.pause.before, relay.pause.after)
        if let before { before { $0.pause.after = after } } else { first = after }
        if let after { after { $0.pause.before = before } } else { last = before }
        relay.pause = ResponsePause()
    }

    /// The response that has waited longest, for so many milliseconds at least, and whose client has taken less of it
    /// than `bytesPerSecond` since. The time of those that have moved begins anew.
    mutating func stalled(for patience: UInt64, at now: UInt64, bytesPerSecond: Int) -> Relay? {
        while let candidate = first?.object {
            let waited = now - min(now, candidate.pause.since)
            guard waited >= max(1, patience) else { return nil }
            let (wanted, overflows) = bytesPerSecond.multipliedReportingOverflow(by: Int(clamping: waited))
            guard candidate.hasMoved(by: overflows ? .max : max(1, wanted / 1000)) else { return candidate }
            remove(candidate)
            append(candidate, at: now)
        }
        return nil
    }
}

extension Relay {
    /// Whether the client has taken so many bytes since the pause began: from the gateway, or, of what was on its way to
    /// it then, from the network. What the socket has taken can be megabytes, and minutes, ahead of the client.
    fileprivate func hasMoved(by bytes: Int) -> Bool {
        exchange { exchange in
            let moved = exchange.responseBodySent - pause.sent
            guard moved < bytes, pause.delivery.outstanding > 0, let transport = exchange.transport else {
                return moved >= bytes
            }
            let acknowledged = transport.delivery.acknowledged - pause.delivery.acknowledged
            return moved + min(acknowledged, pause.delivery.outstanding) >= bytes
        }
    }
}
