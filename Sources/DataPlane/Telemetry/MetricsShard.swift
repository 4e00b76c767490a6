/// One worker's figures of requests, in one block of memory that never grows: see `MetricsLayout`.
///
/// Confined to its worker's thread; what others see of it is a copy. Adding to a figure costs one addition in memory.
final class MetricsShard {
    private let cells: UnsafeMutablePointer<UInt64>
    private let bounds: UnsafeMutablePointer<UInt64>

    init() {
        cells = .allocate(capacity: MetricsLayout.count)
        cells.initialize(repeating: 0, count: MetricsLayout.count)
        bounds = .allocate(capacity: MetricsLayout.bounds.count)
        for (index, bound) in MetricsLayout.bounds.enumerated() {
            (bounds + index).initialize(to: bound.nanoseconds)
        }
    }

    deinit {
        cells.deallocate()
        bounds.deallocate()
    }

    @inline(__always)
    func add(_ amount: UInt64 = 1, to cell: Int) {
        assert((0..<MetricsLayout.count).contains(cell))
        cells[cell] &+= amount
    }

    /// Adds a duration to the histogram that begins at `histogram`.
    @inline(__always)
    func observe(nanoseconds: UInt64, in histogram: Int) {
        assert((0...MetricsLayout.count - MetricsLayout.histogramCells).contains(histogram))
        var bucket = 0
        while bucket < MetricsLayout.boundCount, nanoseconds > bounds[bucket] { bucket += 1 }
        cells[histogram + bucket] &+= 1
        cells[histogram + MetricsLayout.sumCell] &+= nanoseconds
    }

    var copy: [UInt64] { Array(UnsafeBufferPointer(start: cells, count: MetricsLayout.count)) }
}
