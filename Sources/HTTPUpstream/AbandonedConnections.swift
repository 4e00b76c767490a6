import HTTPMessages

/// The connections of a pool that read the rest of a response for nobody, the longest at it first. They hold their places
/// among the requests under way, since their upstream still works for them, until somebody needs one.
struct AbandonedConnections {
    /// The pool has them, too, and each takes itself off before it goes.
    private var connections: [(connection: Uncounted<UpstreamConnection>, since: UInt64)] = []

    /// How much longer one is left alone for each other request that the client who wants its place has under way: who
    /// asks for one thing at a time doesn't wait, and who asks a hundred times can't have the upstream work on a hundred
    /// requests more each moment.
    private static let millisecondsForEach: UInt64 = 16

    var isEmpty: Bool { connections.isEmpty }

    mutating func append(_ connection: UpstreamConnection, at now: UInt64) {
        connections.append((Uncounted(connection), now))
    }

    mutating func remove(_ connection: UpstreamConnection) {
        let pointer = Uncounted(connection).pointer
        if let place = connections.firstIndex(where: { $0.connection.pointer == pointer }) {
            connections.remove(at: place)
        }
    }

    /// The one that has been at it longest, where that is long enough for a client of this weight (`Relay.weight`).
    func due(forWeight weight: Int, at now: UInt64) -> UpstreamConnection? {
        guard let oldest = connections.first else { return nil }
        let others = (UInt64(1) << UInt64(clamping: min(20, weight - 1))) - 1
        return now - min(now, oldest.since) >= others * Self.millisecondsForEach ? oldest.connection.object : nil
    }

    /// The one that has been at it longest.
    var oldest: UpstreamConnection? { connections.first?.connection.object }
}
