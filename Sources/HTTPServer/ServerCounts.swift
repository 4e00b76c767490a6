/// What one worker's listeners have seen since it began.
package struct ServerCounts: Sendable, Equatable {
    package var accepted: UInt64 = 0
    /// Connections that were closed at once, as there were too many.
    package var refused: UInt64 = 0
    /// The same, as their client had too many.
    package var refusedOfClients: UInt64 = 0
    /// The same, as memory was exhausted.
    package var refusedForMemory: UInt64 = 0
    /// Connections without a request that were ended, as memory was exhausted.
    package var endedForMemory: UInt64 = 0
    package var handshakes: UInt64 = 0
    /// Of `handshakes`: those that went on from an earlier session, by a ticket.
    package var handshakesResumed: UInt64 = 0
    package var handshakesFailed: UInt64 = 0
    package var http1: UInt64 = 0
    package var http2: UInt64 = 0

    package init() {}

    package mutating func add(_ other: ServerCounts) {
        accepted += other.accepted
        refused += other.refused
        refusedOfClients += other.refusedOfClients
        refusedForMemory += other.refusedForMemory
        endedForMemory += other.endedForMemory
        handshakes += other.handshakes
        handshakesResumed += other.handshakesResumed
        handshakesFailed += other.handshakesFailed
        http1 += other.http1
        http2 += other.http2
    }
}
