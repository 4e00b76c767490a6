/// Chooses among addresses the one with the fewest requests under way; those with equally few take turns.
package struct Balancer: Sendable {
    private var turn = 0

    package init() {}

    /// - Parameter load: the requests under way at this position, nil where no request may go there now.
    package mutating func choose(among count: Int, load: (Int) -> Int?) -> Int? {
        guard count > 0 else { return nil }
        var best: (position: Int, load: Int)?
        for offset in 0..<count {
            let position = (turn + offset) % count
            guard let load = load(position) else { continue }
            if let best, best.load <= load { continue }
            best = (position, load)
        }
        guard let best else { return nil }
        turn = (best.position + 1) % count
        return best.position
    }
}
