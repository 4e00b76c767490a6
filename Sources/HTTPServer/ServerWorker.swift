package import EventLoop
package import HTTPMessages
package import TLSEngine

/// One thread's share of a server: its listeners, its connections, and the memory that they read and write with.
///
/// Confined to the thread that runs `loop`.
package final class ServerWorker {
    package let loop: EventLoop
    package let handler: any ExchangeHandler
    package var limits: ServerLimits

    /// Where connections of each client are counted, for all workers; nil: nobody counts.
    package var clients: ClientConnections?

    /// How many connections are open.
    package var connectionCount: Int { connections.count }

    /// How many requests are under way.
    package var exchangeCount: Int { connections.reduce(0) { $0 + $1.exchangeCount } }

    package private(set) var isDraining = false

    /// While it is exhausted, connections make room and new ones are refused.
    package var memory = MemoryLevel.ample

    package internal(set) var counts = ServerCounts()

    let exchangePool = ExchangePool()
    /// What a connection reads into: its session takes all of it in, or copies what it can't.
    let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 64)
    /// What a connection gathers its output in before it writes.
    var outBuffer = ByteQueue(capacity: 96 * 1024)
    /// What a session tells, while it is handled: swapped with the session's own, so that neither is ever copied.
    var eventScratch: [ExchangeEvent] = []

    private var listeners: [Listener] = []
    private(set) var connections: [Connection] = []
    /// What is marked lives until the end of the turn: in `connections`, or in `closed`.
    private var dirty: [Uncounted<Connection>] = []
    private var flushing: [Uncounted<Connection>] = []
    private var closed: [Connection] = []
    private var unfinished: [Connection] = []
    private var ticks: UInt64 = 0
    /// TLS handshakes that have begun and not ended.
    var handshakes = 0
    /// How many requests were seen to stall when connections were last looked at.
    var stalledRequests = 0
    /// How long one may, by that.
    var stallSeconds = 0.0
    private var whenDrained: (() -> Void)?
    private var drainDeadline: UInt64 = 0
    /// Before the end of a drain, for what has no end of its own.
    private static let partingMilliseconds: UInt64 = 1500
    private var hasParted = false

    package init(loop: EventLoop, handler: any ExchangeHandler, limits: ServerLimits) {
        self.loop = loop
        self.handler = handler
        self.limits = limits
        dirty.reserveCapacity(256)
    }

    private static let evictionSamples = 16
    static let evictableMilliseconds: UInt64 = 5000

    deinit { readBuffer.deallocate() }

    /// Listens on `address`; cleartext where `tls` is nil. Returns the address with the port that was taken.
    ///
    /// - Parameter sharing: whether other workers listen on the same address.
    @discardableResult
    package func listen(
        on address: SocketAddress, tls: TLSContext?, sharing: Bool = true
    ) throws(EventLoopError) -> SocketAddress {
        try listen(with: try StreamSocket.listen(on: address, as: sharing ? .oneOfMany : .alone), tls: tls)
    }

    /// Takes over a listening socket; cleartext where `tls` is nil. Returns its address.
    @discardableResult
    package func listen(with socket: Int32, tls: TLSContext?) throws(EventLoopError) -> SocketAddress {
        let listener = try Listener(socket, tls: tls, worker: self)
        listeners.append(listener)
        return listener.address
    }

    /// Takes no new connections any more, but all that are waiting.
    package func closeListeners() {
        for listener in listeners {
            listener.acceptAll()
            listener.close()
        }
        listeners.removeAll()
    }

    /// Uses another certificate for new connections on `address`.
    package func replaceTLS(on address: SocketAddress, with tls: TLSContext) {
        for listener in listeners where listener.address == address { listener.tls = tls }
    }

    /// To be called at the end of each turn of the loop: writes what has gathered.
    package func turnEnded() {
        while !dirty.isEmpty {
            swap(&dirty, &flushing)
            for connection in flushing { connection { $0.flush() } }
            flushing.removeAll(keepingCapacity: true)
        }
        if !closed.isEmpty { closed.removeAll(keepingCapacity: true) }
        guard !unfinished.isEmpty else { return }
        let due = unfinished
        unfinished.removeAll(keepingCapacity: true)
        let connections = WorkerBound(due)
        loop.mailbox.post { for connection in connections.value { connection.continueReading() } }
    }

    /// To be called at each tick of the loop: ends what takes too long.
    package func tick() {
        ticks += 1
        for listener in listeners { listener.resume() }
        if memory != .ample { exchangePool.releaseIdle() }
        if handshakes > limits.handshakes { closeOldestHandshakes(but: limits.handshakes) }
        if ticks % 4 == 0 {
            let now = loop.now
            let allowed = Double(max(1, limits.stalledRequests))
            stallSeconds = limits.stallSeconds * min(1, allowed / Double(max(1, stalledRequests)))
            if memory == .exhausted { makeRoomInMemory(now: now) }
            stalledRequests = 0
            for connection in connections { connection.checkTimeouts(now: now) }
        }
        if isDraining {
            for connection in connections { connection.drain() }
            if !hasParted, loop.now + Self.partingMilliseconds >= drainDeadline {
                hasParted = true
                for connection in connections { connection.serverIsClosing() }
            }
            if connections.isEmpty || loop.now >= drainDeadline { finishDraining() }
        }
    }

    /// Takes no new connections and lets the streams in flight finish; `completion` is called when they have, or
    /// when their time is up.
    package func drain(completion: @escaping () -> Void) {
        guard !isDraining else { return }
        isDraining = true
        whenDrained = completion
        drainDeadline = loop.now + UInt64(limits.drainSeconds * 1000)
        closeListeners()
        for connection in connections { connection.drain() }
        if connections.isEmpty { finishDraining() }
    }

    /// Whoever is quick to shake hands isn't among the oldest.
    func closeOldestHandshakes(but kept: Int) {
        let waiting = connections.filter { $0.phase == .handshaking }.sorted { $0.waitingSince < $1.waitingSince }
        for connection in waiting.prefix(max(0, waiting.count - kept)) { connection.close() }
    }

    private func finishDraining() {
        for connection in connections { connection.close() }
        whenDrained?()
        whenDrained = nil
    }

    // MARK: For connections

    /// Makes room for a connection by closing one that has been silent and asks nothing, the longest of those that are
    /// looked at. Without it, whoever opens enough connections and says nothing would keep everybody else out.
    func evictIdle() -> Bool {
        var idlest: Connection?
        for _ in 0..<min(Self.evictionSamples, connections.count) {
            let candidate = connections[Int.random(in: 0..<connections.count)]
            guard candidate.exchangeCount == 0,
                loop.now - min(loop.now, candidate.lastActivity) > Self.evictableMilliseconds,
                candidate.lastActivity < idlest?.lastActivity ?? .max
            else { continue }
            idlest = candidate
        }
        idlest?.close()
        return idlest != nil
    }

    func adopt(_ connection: Connection) {
        connection.slot = connections.count
        connections.append(connection)
    }

    func release(_ connection: Connection) {
        closed.append(connection)  // First of all: nobody else may hold it.
        clients?.closed(by: connection.peer.addressBytes)
        let last = connections.count - 1
        connections.swapAt(connection.slot, last)
        connections[connection.slot].slot = connection.slot
        connections.removeLast()
    }

    /// Has `connection` write at the end of this turn.
    @inline(__always)
    func markDirty(_ connection: Connection) {
        guard !connection.isDirty else { return }
        connection.isDirty = true
        dirty.append(Uncounted(connection))
    }

    /// Has `connection` read on in the next turn, whatever the socket says.
    func markUnfinished(_ connection: Connection) { unfinished.append(connection) }
}
