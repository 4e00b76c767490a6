import Foundation

/// A line chart as inline SVG: readable in light and dark, without any script.
struct LineChart {
    struct Series {
        var name: String
        /// `line`, `second` or `bad`: a colour of the page's style.
        var style: String
        var points: [(x: Double, y: Double)]
    }

    var title: String
    var unit: String
    var series: [Series]
    /// Where the x axis has a mark, and what it says there.
    var marks: [(x: Double, label: String)]
    /// Powers of ten along the y axis.
    var isLogarithmic = false

    private static let width = 860.0
    private static let height = 300.0
    private static let left = 64.0
    private static let right = 16.0
    private static let top = 16.0
    private static let bottom = 34.0

    var svg: String {
        let all = series.flatMap(\.points)
        guard !all.isEmpty else { return "" }
        let scale = ValueScale(all.map(\.y), isLogarithmic: isLogarithmic)
        let low = min(all.map(\.x).min() ?? 0, marks.first?.x ?? .infinity)
        let high = max(all.map(\.x).max() ?? 1, low + 1e-9)
        func x(_ value: Double) -> Double {
            Self.left + (value - low) / (high - low) * (Self.width - Self.left - Self.right)
        }
        func y(_ value: Double) -> Double {
            Self.height - Self.bottom - scale.position(value) * (Self.height - Self.top - Self.bottom)
        }

        var parts: [String] = []
        for tick in scale.ticks {
            let height = Numbers.fixed(y(tick), 1)
            parts.append(
                #"<line class="grid" x1="\#(Self.left)" x2="\#(Self.width - Self.right)" y1="\#(height)" y2="\#(height)"/>"#
                    + #"<text x="\#(Self.left - 8)" y="\#(height)" dy="0.32em" text-anchor="end">\#(ValueScale.label(tick))</text>"#
            )
        }
        for mark in marks where mark.x <= high {
            let place = Numbers.fixed(x(mark.x), 1)
            parts.append(
                #"<line class="grid" x1="\#(place)" x2="\#(place)" y1="\#(Self.top)" y2="\#(Self.height - Self.bottom)"/>"#
                    + #"<text x="\#(place)" y="\#(Self.height - Self.bottom + 18)" text-anchor="middle">\#(mark.label)</text>"#
            )
        }
        for line in series {
            let points = line.points.map { "\(Numbers.fixed(x($0.x), 1)),\(Numbers.fixed(y($0.y), 1))" }
            parts.append(#"<polyline class="\#(line.style)" points="\#(points.joined(separator: " "))"/>"#)
        }
        let legend = series.map { #"<span class="key \#($0.style)">\#($0.name)</span>"# }.joined(separator: " ")
        return """
            <figure>
            <figcaption>\(title) <small>\(unit)</small> \(legend)</figcaption>
            <svg viewBox="0 0 \(Self.width) \(Self.height)" role="img" aria-label="\(title), \(unit)">
            \(parts.joined(separator: "\n"))
            </svg>
            </figure>
            """
    }
}

/// How values become heights, and which of them are written at the axis.
struct ValueScale {
    private let low: Double
    private let high: Double
    private let isLogarithmic: Bool
    let ticks: [Double]

    init(_ values: [Double], isLogarithmic: Bool) {
        self.isLogarithmic = isLogarithmic
        let greatest = values.max() ?? 1
        if isLogarithmic {
            let positive = values.filter { $0 > 0 }
            let first = ValueScale.decade(positive.min() ?? 0.1, up: false)
            let last = max(ValueScale.decade(greatest, up: true), first + 1)
            ticks = (first...last).map { ValueScale.power($0) }
            low = Double(first)
            high = Double(last)
        } else {
            let step = ValueScale.niceStep(max(greatest, 1e-9) / 5)
            let count = Int((greatest / step).rounded(.up))
            ticks = (0...max(count, 1)).map { Double($0) * step }
            low = 0
            high = ticks.last ?? 1
        }
    }

    /// From 0 at the bottom to 1 at the top.
    func position(_ value: Double) -> Double {
        guard isLogarithmic else { return (value - low) / (high - low) }
        return (ValueScale.logarithm(max(value, ValueScale.power(Int(low)))) - low) / (high - low)
    }

    static func label(_ value: Double) -> String {
        if value >= 1000 { return Numbers.grouped(Int(value)) }
        if value == value.rounded() { return String(Int(value)) }
        return String(format: "%g", value)
    }

    private static func niceStep(_ rough: Double) -> Double {
        let decade = power(decade(rough, up: false))
        return [1, 2, 5, 10].map { $0 * decade }.first { $0 >= rough } ?? rough
    }

    private static func decade(_ value: Double, up: Bool) -> Int {
        Int(logarithm(value).rounded(up ? .up : .down))
    }

    private static func power(_ exponent: Int) -> Double { pow(10, Double(exponent)) }

    private static func logarithm(_ value: Double) -> Double { log10(value) }
}
