/// Exchanges that wait for their next request; one pool a worker.
package final class ExchangePool {
    private var idle: [Unmanaged<Exchange>] = []
    private let capacity: Int

    /// Bytes of response bodies that wait for their clients, in all exchanges that aren't in store.
    private(set) var heldBytes = 0

    private static let ample = 2 << 20
    private static let scarce = 12 << 20

    /// Keeps at most `capacity` exchanges in store.
    package init(capacity: Int = 1024) {
        self.capacity = capacity
        idle.reserveCapacity(capacity)
    }

    deinit {
        for exchange in idle { exchange.release() }
    }

    /// An exchange that lives until it is given back, which must be done once.
    package func take() -> Uncounted<Exchange> {
        if let exchange = idle.popLast() { return Uncounted(exchange) }
        let made = Exchange()
        made.pool = self
        return Uncounted(Unmanaged.passRetained(made))
    }

    package func give(back exchange: Uncounted<Exchange>) {
        exchange {
            $0.recycle()
            $0.noteHeldBytes()
        }
        if idle.count < capacity { idle.append(exchange.reference) } else { exchange.reference.release() }
    }

    /// Lets go of all exchanges in store.
    package func releaseIdle() {
        for exchange in idle { exchange.release() }
        idle.removeAll(keepingCapacity: true)
    }

    /// How much of one response may wait for its client, in bytes: less, the more waits on this worker, so that clients
    /// that don't read can't make it hold any number of responses.
    package var roomForResponse: Int { heldBytes < Self.ample ? 64 * 1024 : heldBytes < Self.scarce ? 16 * 1024 : 4096 }

    fileprivate func held(_ change: Int) { heldBytes += change }
}

extension Exchange {
    /// Tells the pool what waits in `responseBody` now.
    package func noteHeldBytes() {
        guard heldBytes != responseBody.count else { return }
        pool?.held(responseBody.count - heldBytes)
        heldBytes = responseBody.count
    }

    /// How much of the response may wait for the client, in bytes.
    package var responseRoom: Int { pool?.roomForResponse ?? 64 * 1024 }
}
