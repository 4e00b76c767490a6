/// Exchanges that wait for their next request; one pool a worker.
package final class ExchangePool {
    private var idle: [Unmanaged<Exchange>] = []
    private let capacity: Int

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
        return Uncounted(Unmanaged.passRetained(Exchange()))
    }

    package func give(back exchange: Uncounted<Exchange>) {
        exchange { $0.recycle() }
        if idle.count < capacity { idle.append(exchange.reference) } else { exchange.reference.release() }
    }
}
