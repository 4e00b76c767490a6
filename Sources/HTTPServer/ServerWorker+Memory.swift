import EventLoop

/// While memory is exhausted: who asks nothing makes room, and few are let in.
extension ServerWorker {
    /// New connections are taken on while there are no more than so many on this worker: the memory is elsewhere then.
    private static let connectionsWithoutMemory = 64
    private static let handshakesWithoutMemory = 64
    /// How long requests and responses may be too slow.
    private static let stallSecondsWithoutMemory = 2.0
    /// Of the connections that ask nothing, those ended each second: all at once, they would all be back at once.
    private static let endedPart = 8
    private static let endedAtLeast = 64

    /// To be called once a second while memory is exhausted.
    func makeRoomInMemory(now: UInt64) {
        stallSeconds = min(stallSeconds, Self.stallSecondsWithoutMemory)
        closeOldestHandshakes(but: Self.handshakesWithoutMemory)
        let idle =
            connections
            .filter {
                $0.phase == .open && $0.exchangeCount == 0
                    && now - min(now, $0.lastActivity) > Self.evictableMilliseconds
            }
            .sorted { $0.lastActivity < $1.lastActivity }
        let ended = idle.prefix(max(Self.endedAtLeast, idle.count / Self.endedPart))
        for connection in ended { connection.expire() }
        counts.endedForMemory += UInt64(ended.count)
    }

    /// Whether one more connection may be open. Where there are as many as may be, one that asks nothing goes for it.
    func hasRoomForConnection() -> Bool {
        let most = memory == .exhausted ? min(limits.connections, Self.connectionsWithoutMemory) : limits.connections
        return connectionCount < most || evictIdle()
    }

    func countRefusal() {
        if memory == .exhausted { counts.refusedForMemory += 1 } else { counts.refused += 1 }
    }
}
