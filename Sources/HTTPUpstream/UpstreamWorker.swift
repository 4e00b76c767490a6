package import EventLoop
import HTTP1Codec
import HTTPMessages

/// One thread's connections to all upstreams. Confined to the thread that runs `loop`.
package final class UpstreamWorker {
    package let loop: EventLoop
    private var pools: [String: UpstreamPool] = [:]
    /// Pools whose target isn't the current one any more, until their last request is done.
    private var retired: [UpstreamPool] = []
    /// What is marked lives until the end of the turn: in its pool, or in `closed`.
    private var dirty: [Uncounted<UpstreamConnection>] = []
    private var flushing: [Uncounted<UpstreamConnection>] = []
    private var dirtySessions: [UpstreamHTTP2Connection] = []
    private var closed: [UpstreamConnection] = []
    private var closedSessions: [UpstreamHTTP2Connection] = []
    /// Where a connection has gone and requests wait for one.
    private var poolsWithRoom: [UpstreamPool] = []
    private var ticks: UInt64 = 0

    /// What connections read into; what is left of it is copied.
    let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 64)

    package init(loop: EventLoop) {
        self.loop = loop
        dirty.reserveCapacity(256)
    }

    deinit { readBuffer.deallocate() }

    /// The pool of this target: the one there is, where the target hasn't changed.
    package func pool(for target: UpstreamTarget) -> UpstreamPool {
        if let pool = pools[target.name], pool.target.isSame(as: target) {
            if pool.target.servers != target.servers { pool.use(target.servers) }
            return pool
        }
        if let former = pools[target.name] {
            former.retire()
            retired.append(former)
        }
        let pool = UpstreamPool(target, worker: self)
        pools[target.name] = pool
        return pool
    }

    /// The pool for a request that was begun under an older configuration: it doesn't replace the current one.
    package func pool(forOlder target: UpstreamTarget) -> UpstreamPool {
        if let pool = pools[target.name], pool.target.isSame(as: target) { return pool }
        if let pool = retired.first(where: { $0.target.isSame(as: target) }) { return pool }
        let pool = UpstreamPool(target, worker: self)
        pool.retire()
        retired.append(pool)
        return pool
    }

    /// Whether a connection waits for `turnEnded` to write.
    package var hasOutput: Bool { !dirty.isEmpty || !dirtySessions.isEmpty || !poolsWithRoom.isEmpty }

    /// How each upstream stands, in the order of their names.
    package var standings: [UpstreamStanding] { pools.values.map(\.standing).sorted { $0.name < $1.name } }

    /// Forgets the pools of upstreams that aren't among these any more.
    package func keep(only names: Set<String>) {
        for (name, pool) in pools where !names.contains(name) {
            pool.retire()
            retired.append(pool)
            pools[name] = nil
        }
    }

    /// To be called at the end of each turn of the loop: writes what has gathered.
    package func turnEnded() {
        while hasOutput {
            swap(&dirty, &flushing)
            for connection in flushing { connection { $0.flush() } }
            flushing.removeAll(keepingCapacity: true)
            if !dirtySessions.isEmpty {
                let sessions = dirtySessions
                dirtySessions.removeAll(keepingCapacity: true)
                for session in sessions { session.flush() }
            }
            if !poolsWithRoom.isEmpty {
                let pools = poolsWithRoom
                poolsWithRoom.removeAll()
                for pool in pools { pool.serveWaiting() }
            }
        }
        if !closed.isEmpty { closed.removeAll(keepingCapacity: true) }
        if !closedSessions.isEmpty { closedSessions.removeAll() }
    }

    /// To be called at each tick of the loop.
    package func tick() {
        ticks += 1
        for pool in pools.values { pool.relieve() }
        guard ticks % 2 == 0 else { return }
        for pool in pools.values { pool.tick(now: loop.now) }
        guard !retired.isEmpty else { return }
        retired.removeAll(where: \.isEmpty)
        for pool in retired { pool.tick(now: loop.now) }
    }

    /// Closes the connections that no request is on, to give back their memory.
    package func closeIdle() {
        for pool in pools.values { pool.closeIdle() }
    }

    @inline(__always)
    func markDirty(_ connection: UpstreamConnection) {
        guard !connection.isDirty else { return }
        connection.isDirty = true
        dirty.append(Uncounted(connection))
    }

    func markDirty(_ session: UpstreamHTTP2Connection) {
        guard !session.isDirty else { return }
        session.isDirty = true
        dirtySessions.append(session)
    }

    /// Has `pool` look at the end of the turn whether somebody who waits can go on.
    func markWaiting(_ pool: UpstreamPool) {
        if !poolsWithRoom.contains(where: { $0 === pool }) { poolsWithRoom.append(pool) }
    }

    /// Keeps a connection that has just closed until nobody can be in the middle of it.
    func bury(_ connection: UpstreamConnection) { closed.append(connection) }
    func bury(_ session: UpstreamHTTP2Connection) { closedSessions.append(session) }
}
