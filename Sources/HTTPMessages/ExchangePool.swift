/// Exchanges that wait for their next request; one pool a worker.
package final class ExchangePool {
    private var idle: [Exchange] = []
    private let capacity: Int

    /// Keeps at most `capacity` exchanges in store.
    package init(capacity: Int = 1024) {
        self.capacity = capacity
        idle.reserveCapacity(capacity)
    }

    package func take() -> Exchange { idle.popLast() ?? Exchange() }

    package func give(back exchange: Exchange) {
        exchange.recycle()
        if idle.count < capacity { idle.append(exchange) }
    }
}
