/// Bars of accepted and refused, one on the other, as the partial `chart` draws them: coordinates only, in the units of
/// a `viewBox`, so that a chart needs neither style nor script.
struct StackedBarChart: Sendable {
    struct Value: Sendable {
        /// What the hint says of it: when.
        let label: String
        let accepted: Int
        let refused: Int
        /// What stands below it; nil: nothing.
        let tick: String?
    }

    struct Bar: Sendable {
        let x: Double
        let width: Double
        let hint: String
        let acceptedY: Double
        let acceptedHeight: Double
        let refusedY: Double
        let refusedHeight: Double
        /// Where the hint is shown: the whole height, so that a small bar can be hit too.
        let slotX: Double
        let slotWidth: Double
    }

    struct Line: Sendable {
        let y: Double
        let textY: Double
        let label: String
    }

    struct Tick: Sendable {
        let x: Double
        let label: String
    }

    let id: String
    let title: String
    let description: String
    let width: Double
    let height: Double
    let left: Double
    let labelX: Double
    let right: Double
    let top: Double
    let plotHeight: Double
    let tickY: Double
    let lines: [Line]
    let bars: [Bar]
    let ticks: [Tick]

    /// - Parameters:
    ///   - id: begins the ids of the drawing's parts.
    ///   - description: what is to be seen, for those who can't see it.
    ///   - width: of the drawing; its height follows.
    init(id: String, title: String, description: String, width: Double, _ values: [Value]) {
        let height = width > 500 ? 250.0 : 220
        let bottom = 28.0
        let top = 12.0
        let scale = Self.scale(values.map { $0.accepted + $0.refused }.max() ?? 0)
        let left = 12 + 7 * Double(scale.map { $0.compact.count }.max() ?? 1)
        let right = width - 6
        let plotHeight = height - bottom - top
        let highest = Double(max(1, scale.last ?? 1))
        let slot = (right - left) / Double(max(1, values.count))
        let gap = min(slot * 0.25, 6)

        func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }
        func length(_ count: Int) -> Double {
            // What is there can be seen, however small beside the rest.
            count > 0 ? max(1.5, Double(count) / highest * plotHeight) : 0
        }

        self.id = id
        self.title = title
        self.description = description
        self.width = width
        self.height = height
        self.left = rounded(left)
        labelX = rounded(left - 6)
        self.right = rounded(right)
        self.top = top
        self.plotHeight = rounded(plotHeight)
        tickY = height - 9
        lines = scale.map { mark in
            let y = rounded(top + plotHeight - Double(mark) / highest * plotHeight)
            return Line(y: y, textY: y + 4, label: mark.compact)
        }
        bars = values.enumerated().map { index, value in
            let accepted = length(value.accepted)
            let refused = length(value.refused)
            let slotX = left + Double(index) * slot
            let base = top + plotHeight
            return Bar(
                x: rounded(slotX + gap / 2), width: rounded(slot - gap),
                hint: "\(value.label): \(value.accepted.grouped) accepted, \(value.refused.grouped) refused",
                acceptedY: rounded(base - accepted), acceptedHeight: rounded(accepted),
                refusedY: rounded(base - accepted - refused), refusedHeight: rounded(refused),
                slotX: rounded(slotX), slotWidth: rounded(slot))
        }
        ticks = values.enumerated().compactMap { index, value in
            guard let label = value.tick else { return nil }
            let middle = left + (Double(index) + 0.5) * slot
            return Tick(x: rounded(min(max(middle, left + 14), right - 16)), label: label)
        }
    }

    /// Round marks from 0 to `highest` or a little above it: three to six of them.
    static func scale(_ highest: Int) -> [Int] {
        guard highest > 0 else { return [0, 1] }
        var step = 1
        var factors = [2, 5, 10]
        var base = 1
        while highest > step * 5 {
            step = base * factors.removeFirst()
            if factors.isEmpty {
                base = step
                factors = [2, 5, 10]
            }
        }
        return Array(stride(from: 0, through: highest + step - 1, by: step))
    }
}

extension Int {
    /// In at most four characters or so: `950`, `1.2k`, `30M`.
    var compact: String {
        for (unit, size) in [("G", 1_000_000_000), ("M", 1_000_000), ("k", 1000)] where magnitude >= size {
            let tenths = Int(Double(self) / Double(size) * 10)
            return tenths % 10 == 0 ? "\(tenths / 10)\(unit)" : "\(tenths / 10).\(abs(tenths % 10))\(unit)"
        }
        return "\(self)"
    }
}
