import UserDirectory

/// A span of time that the overview shows; the raw value stands in its address.
enum OverviewSpan: String, Sendable, CaseIterable {
    case day = "24h"
    case week = "7d"
    case month = "30d"
    case quarter = "90d"

    var label: String {
        switch self {
        case .day: "24 hours"
        case .week: "7 days"
        case .month: "30 days"
        case .quarter: "90 days"
        }
    }

    /// How many bars there are, and how long each is, in seconds.
    var bars: (count: Int, seconds: Double) {
        switch self {
        case .day: (24, 3600)
        case .week: (28, 6 * 3600)
        case .month: (30, 86_400)
        case .quarter: (90, 86_400)
        }
    }

    /// What a bar stands for, in words.
    var unit: String {
        switch self {
        case .day: "hour"
        case .week: "six hours"
        case .month, .quarter: "day"
        }
    }

    struct Times: Sendable, Equatable {
        /// When the span before this one begins.
        let before: Double
        let since: Double
        let until: Double
    }

    /// The last bar is the one that `now` lies in, and isn't over.
    func times(now: Double) -> Times {
        let (count, seconds) = bars
        let last = (now / seconds).rounded(.down) * seconds
        let since = last - Double(count - 1) * seconds
        // Figures are kept for 90 days: nothing is known of what came before those.
        let before = self == .quarter ? since : since - Double(count) * seconds
        return Times(before: before, since: since, until: last + seconds)
    }
}

/// Accepted and refused tokens of one span: as a chart, a table and totals.
struct OverviewFigures: Sendable {
    struct Line: Sendable {
        let label: String
        let accepted: String
        let refused: String
    }

    struct Reason: Sendable {
        let code: String
        let count: String
        let share: String
        /// Of a bar 100 wide.
        let bar: Double
        let guide: CodeGuide?
        /// The token log, of that code alone.
        let log: String
    }

    let total: Int
    let accepted: String
    let refused: String
    let all: String
    /// Nil where there were no tokens.
    let rate: String?
    /// The same for the span before; nil where there were none.
    let rateBefore: String?
    let span: String
    let unit: String
    /// For wide screens and for narrow ones.
    let wide: StackedBarChart
    let narrow: StackedBarChart
    let lines: [Line]
    let reasons: [Reason]
    /// Whether the log, which is kept for a shorter time than figures, may lack rows of what is counted here.
    let mayOutliveLog: Bool

    init(_ outcomes: [HourlyOutcome], span: OverviewSpan, times: OverviewSpan.Times, organization: String) {
        let (count, seconds) = span.bars
        var accepted = [Int](repeating: 0, count: count)
        var refused = accepted
        var codes: [String: Int] = [:]
        var before = (accepted: 0, all: 0)
        for outcome in outcomes where outcome.hour < times.until {
            let isAccepted = outcome.code == TokenLogEntry.accepted
            guard outcome.hour >= times.since else {
                before.all += outcome.count
                if isAccepted { before.accepted += outcome.count }
                continue
            }
            let bar = Int((outcome.hour - times.since) / seconds)
            if isAccepted {
                accepted[bar] += outcome.count
            } else {
                refused[bar] += outcome.count
                codes[outcome.code, default: 0] += outcome.count
            }
        }
        let allAccepted = accepted.reduce(0, +)
        let allRefused = refused.reduce(0, +)
        let starts = (0..<count).map { times.since + Double($0) * seconds }
        func values(every: Int) -> [StackedBarChart.Value] {
            starts.indices.map { index in
                StackedBarChart.Value(
                    label: Self.label(starts[index], span), accepted: accepted[index], refused: refused[index],
                    tick: Int(starts[index] / seconds) % every == 0 ? Self.tick(starts[index], span) : nil)
            }
        }
        func chart(_ id: String, width: Double, every: Int) -> StackedBarChart {
            StackedBarChart(
                id: id, title: "Tokens per \(span.unit), the last \(span.label)",
                description: Self.description(starts, accepted, refused, span), width: width, values(every: every))
        }
        let spacing = Self.spacing(span)
        wide = chart("chart-wide", width: 900, every: spacing.wide)
        narrow = chart("chart-narrow", width: 360, every: spacing.narrow)
        total = allAccepted + allRefused
        self.accepted = allAccepted.grouped
        self.refused = allRefused.grouped
        all = total.grouped
        rate = Self.percent(allAccepted, of: total)
        rateBefore = Self.percent(before.accepted, of: before.all)
        self.span = span.label
        unit = span.unit
        lines = starts.indices.map {
            Line(label: Self.label(starts[$0], span), accepted: accepted[$0].grouped, refused: refused[$0].grouped)
        }
        let most = codes.values.max() ?? 1
        reasons = codes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { code, count in
            Reason(
                code: code, count: count.grouped, share: Self.percent(count, of: allRefused) ?? "",
                bar: (Double(count) / Double(most) * 1000).rounded() / 10, guide: CodeGuide(code: code),
                log: ConsoleAddress.tokenLog(
                    organization, [("outcome", code), ("within", span == .quarter ? "30d" : span.rawValue)]))
        }
        mayOutliveLog = span == .quarter
    }

    /// `98.4 %`, never 100 or 0 where it isn't quite; nil of nothing.
    static func percent(_ part: Int, of whole: Int) -> String? {
        guard whole > 0 else { return nil }
        let share = Double(part) / Double(whole) * 100
        if part == whole { return "100 %" }
        if part == 0 { return "0 %" }
        let tenths = min(999, max(1, Int((share * 10).rounded())))
        return "\(tenths / 10).\(tenths % 10) %"
    }

    private static func label(_ moment: Double, _ span: OverviewSpan) -> String {
        switch span {
        case .day, .week:
            "\(MomentText.day(moment)), \(MomentText.clock(moment))–\(MomentText.clock(moment + span.bars.seconds)) UTC"
        case .month, .quarter: MomentText.day(moment)
        }
    }

    private static func tick(_ moment: Double, _ span: OverviewSpan) -> String {
        span == .day ? MomentText.clock(moment) : MomentText.day(moment)
    }

    /// How many bars apart labels stand.
    private static func spacing(_ span: OverviewSpan) -> (wide: Int, narrow: Int) {
        switch span {
        case .day: (3, 6)
        case .week: (4, 8)
        case .month: (3, 7)
        case .quarter: (10, 20)
        }
    }

    private static func description(
        _ starts: [Double], _ accepted: [Int], _ refused: [Int], _ span: OverviewSpan
    ) -> String {
        let all = zip(accepted, refused).map { $0 + $1 }
        guard let most = all.max(), most > 0, let index = all.firstIndex(of: most) else { return "No tokens." }
        return "\(accepted.reduce(0, +)) accepted and \(refused.reduce(0, +)) refused. The most in one \(span.unit): "
            + "\(most), \(label(starts[index], span)). A table with all figures follows."
    }
}
