import EventLoop
import HTTPMessages

/// One worker's connections to one upstream: kept open between requests, the one used last first.
package final class UpstreamPool {
    package let target: UpstreamTarget
    private unowned let worker: UpstreamWorker
    /// All of them are in `connections` too.
    private var idle: [Uncounted<UpstreamConnection>] = []
    private var connections: [UpstreamConnection] = []
    private var waiting: [Relay] = []
    private var nextAddress = 0
    private var isRetired = false

    init(_ target: UpstreamTarget, worker: UpstreamWorker) {
        self.target = target
        self.worker = worker
    }

    /// Finds or opens a connection for `relay`, now or when one is free. `fresh`: not one that was used before.
    func assign(_ relay: Relay, fresh: Bool) {
        if !fresh, let connection = idle.popLast() { return connection { $0.begin(relay) } }
        guard connections.count < target.maxConnections else {
            guard waiting.count < target.maxConnections else { return relay.failed(.overloaded) }
            relay.deadline = worker.loop.now + UInt64(target.connectSeconds * 1000)
            waiting.append(relay)
            return
        }
        connect(for: relay)
    }

    /// Forgets a relay that still waits for a connection.
    func withdraw(_ relay: Relay) { waiting.removeAll { $0 === relay } }

    private func connect(for relay: Relay) {
        // Each address is tried once; a refusal shows only later, in `connectFailed`.
        while relay.connectAttempts < max(1, target.addresses.count), !target.addresses.isEmpty {
            let address = target.addresses[nextAddress % target.addresses.count]
            nextAddress += 1
            relay.connectAttempts += 1
            guard let socket = try? StreamSocket.connect(to: address),
                let handle = try? IOHandle(socket: socket, loop: worker.loop)
            else { continue }
            let connection = UpstreamConnection(handle: handle, pool: self, worker: worker)
            connection.slot = connections.count
            connections.append(connection)
            connection.begin(relay)
            return
        }
        relay.failed(.unreachable)
    }

    /// No connection is open, and nobody waits for one.
    var isEmpty: Bool { connections.isEmpty && waiting.isEmpty }

    // MARK: For connections

    /// The connection couldn't be made: another address may do.
    func connectFailed(_ relay: Relay) { connect(for: relay) }

    /// The connection has served its request and can take another.
    func free(_ connection: UpstreamConnection) {
        if isRetired { return connection.close() }
        if !waiting.isEmpty {
            connection.begin(waiting.removeFirst())
        } else {
            idle.append(Uncounted(connection))
        }
    }

    func remove(_ connection: UpstreamConnection) {
        worker.bury(connection)  // First of all: nobody else may hold it.
        let last = connections.count - 1
        connections.swapAt(connection.slot, last)
        connections[connection.slot].slot = connection.slot
        connections.removeLast()
        idle.removeAll { $0.pointer == Uncounted(connection).pointer }
        if !waiting.isEmpty, connections.count < target.maxConnections { connect(for: waiting.removeFirst()) }
    }

    func checkTimeouts(now: UInt64) {
        for connection in connections { connection.checkTimeout(now: now) }
        let late = waiting.filter { now >= $0.deadline }
        guard !late.isEmpty else { return }
        waiting.removeAll { now >= $0.deadline }
        for relay in late { relay.failed(.overloaded) }
    }

    /// The target has changed: requests under way finish, idle connections close.
    func retire() {
        isRetired = true
        for connection in idle.map(\.object) { connection.close() }
        idle.removeAll()
    }
}
