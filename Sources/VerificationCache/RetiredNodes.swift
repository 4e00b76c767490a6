/// Nodes that one worker has taken out of the table, oldest first, until nobody can be reading them any more.
///
/// Goes from one thread to another only as a whole, when a worker leaves: that makes the unchecked conformance true.
struct RetiredNodes: @unchecked Sendable {
    private var nodes: [(node: CacheNode, epoch: UInt64)] = []
    private var first = 0

    var isEmpty: Bool { first == nodes.count }

    mutating func append(_ node: CacheNode, epoch: UInt64) { nodes.append((node, epoch)) }

    /// Frees at most `limit` nodes that are due at this global epoch; the bytes that they took.
    mutating func free(at epoch: UInt64, limit: Int) -> Int {
        var freed = 0
        var count = 0
        while first < nodes.count, count < limit, nodes[first].epoch + Epochs.grace <= epoch {
            freed += Int(nodes[first].node.record.pointee.charge)
            nodes[first].node.free()
            first += 1
            count += 1
        }
        if first == nodes.count {
            nodes.removeAll(keepingCapacity: nodes.capacity < 4096)
            first = 0
        } else if first > 1024, first > nodes.count / 2 {
            nodes.removeFirst(first)
            first = 0
        }
        return freed
    }

    /// Frees all: only when nobody can use the cache any more.
    mutating func freeAll() {
        for index in first..<nodes.count { nodes[index].node.free() }
        nodes.removeAll()
        first = 0
    }
}
