/// The requests that wait until they may go to their upstream: by their clients' weight, those of equal weight by when
/// they came.
struct WaitingRequests {
    private var relays: [Relay] = []

    var count: Int { relays.count }
    var isEmpty: Bool { relays.isEmpty }
    /// Whose turn is next.
    var first: Relay? { relays.first }

    /// The first ones, as long as `condition` holds; in the order in which it is their turn.
    func prefix(while condition: (Relay) -> Bool) -> ArraySlice<Relay> { relays.prefix(while: condition) }

    /// Behind all that weigh as much or less.
    mutating func insert(_ relay: Relay) {
        var place = relays.count
        while place > 0, relays[place - 1].weight > relay.weight { place -= 1 }
        relays.insert(relay, at: place)
    }

    mutating func remove(_ relay: Relay) {
        if let place = relays.firstIndex(where: { $0 === relay }) { relays.remove(at: place) }
    }

    /// Takes out the last one, if its client asks for more than `relay`'s.
    mutating func removeHeavier(than relay: Relay) -> Relay? {
        guard let heaviest = relays.last, heaviest.weight > relay.weight else { return nil }
        return relays.removeLast()
    }

    /// Takes out those whose time is up.
    mutating func removeLate(at now: UInt64) -> [Relay] {
        let late = relays.filter { now >= $0.deadline }
        if !late.isEmpty { relays.removeAll { now >= $0.deadline } }
        return late
    }
}
