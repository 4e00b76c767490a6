import Testing
import UserDirectory

@testable import Console

@Suite("Figures of the overview")
struct OverviewFiguresTests {
    /// 21 Nov 2026, 13:44:29 UTC.
    private let now = 1_795_268_669.0

    private func shown(_ outcomes: [HourlyOutcome], _ span: OverviewSpan) -> OverviewFigures {
        OverviewFigures(outcomes, span: span, times: span.times(now: now), organization: "acme")
    }

    private func outcome(_ hour: Double, _ code: String, _ count: Int) -> HourlyOutcome {
        HourlyOutcome(hour: hour, code: code, count: count)
    }

    @Test(
        "A span ends with the bar that isn't over, and begins with a whole one",
        arguments: [
            // 13:00 today is the last of 24 hours; 12:00 today the last quarter of a day; today the last day.
            (OverviewSpan.day, 1_795_183_200.0, 1_795_269_600.0),
            (.week, 1_794_679_200, 1_795_284_000), (.month, 1_792_713_600, 1_795_305_600),
            (.quarter, 1_787_529_600, 1_795_305_600),
        ])
    func times(span: OverviewSpan, since: Double, until: Double) {
        let times = span.times(now: now)
        #expect(times.since == since)
        #expect(times.until == until)
        #expect(times.until - times.since == Double(span.bars.count) * span.bars.seconds)
        #expect(times.before == (span == .quarter ? since : since - (until - since)))
    }

    @Test("Totals count the span alone, and the rate before it what came before")
    func totals() {
        let since = OverviewSpan.day.times(now: now).since
        let figures = shown(
            [
                outcome(since - 3600, "accepted", 1), outcome(since - 3600, "token_expired", 3),
                outcome(since, "accepted", 990), outcome(since, "token_expired", 4),
                outcome(since + 23 * 3600, "accepted", 0), outcome(since + 23 * 3600, "user_blocked", 6),
            ], .day)
        #expect(figures.total == 1000)
        #expect(figures.accepted == "990")
        #expect(figures.refused == "10")
        #expect(figures.rate == "99.0 %")
        #expect(figures.rateBefore == "25.0 %")
        #expect(figures.lines.first?.accepted == "990")
        #expect(figures.lines.first?.refused == "4")
        #expect(figures.lines.last?.refused == "6")
        #expect(figures.reasons.map(\.code) == ["user_blocked", "token_expired"])
        #expect(figures.reasons.map(\.share) == ["60.0 %", "40.0 %"])
        #expect(
            figures.reasons[0].log
                == "/console/organizations/acme/token-log?outcome=user_blocked&within=24h")
    }

    @Test("Hours add up to a day, and a code that nobody knows is shown all the same")
    func days() throws {
        let since = OverviewSpan.month.times(now: now).since
        let figures = shown(
            [outcome(since + 3600, "accepted", 2), outcome(since + 23 * 3600, "some_day", 5)], .month)
        #expect(figures.lines.count == 30)
        #expect(figures.lines[0].accepted == "2")
        #expect(figures.lines[0].refused == "5")
        let reason = try #require(figures.reasons.first)
        #expect(reason.code == "some_day")
        #expect(reason.guide == nil)
    }

    @Test("Where nothing came, there is no rate")
    func nothing() {
        let figures = shown([], .week)
        #expect(figures.total == 0)
        #expect(figures.rate == nil)
        #expect(figures.reasons.isEmpty)
    }

    @Test(
        "A share is 100 % or 0 % only where it is exactly so",
        arguments: [
            (0, 10, "0 %"), (10, 10, "100 %"), (999_999, 1_000_000, "99.9 %"), (1, 1_000_000, "0.1 %"),
            (1, 3, "33.3 %"),
        ])
    func percent(part: Int, whole: Int, text: String) {
        #expect(OverviewFigures.percent(part, of: whole) == text)
    }
}

@Suite("Bars of a chart")
struct StackedBarChartTests {
    private func drawn(_ pairs: [(Int, Int)], width: Double = 900) -> StackedBarChart {
        StackedBarChart(
            id: "c", title: "t", description: "d", width: width,
            pairs.map { .init(label: "l", accepted: $0.0, refused: $0.1, tick: "x") })
    }

    @Test(
        "The scale is round, reaches over the highest bar, and isn't crowded",
        arguments: [
            (0, [0, 1]), (1, [0, 1]), (4, [0, 1, 2, 3, 4]), (6, [0, 2, 4, 6]), (11, [0, 5, 10, 15]),
            (967, [0, 200, 400, 600, 800, 1000]), (1001, [0, 500, 1000, 1500]),
        ])
    func scale(highest: Int, marks: [Int]) {
        #expect(StackedBarChart.scale(highest) == marks)
    }

    @Test("Bars stand one on the other and stay within the drawing", arguments: [1, 24, 90], [360.0, 900])
    func within(count: Int, width: Double) {
        let chart = drawn((0..<count).map { ($0 * 997, $0 * 13) }, width: width)
        #expect(chart.bars.count == count)
        for bar in chart.bars {
            #expect(bar.x >= chart.left - 0.1 && bar.x + bar.width <= chart.right + 0.2)
            #expect(bar.width > 0)
            #expect(abs(bar.refusedY + bar.refusedHeight - bar.acceptedY) < 0.2)
            #expect(abs(bar.acceptedY + bar.acceptedHeight - (chart.top + chart.plotHeight)) < 0.2)
            #expect(bar.refusedY >= chart.top - 2)
        }
    }

    @Test("One refusal among a million can be seen, and none can't")
    func small() {
        let bars = drawn([(1_000_000, 1), (1_000_000, 0)]).bars
        #expect(bars[0].refusedHeight >= 1)
        #expect(bars[1].refusedHeight == 0)
    }

    @Test(
        "Marks are short", arguments: [(950, "950"), (1000, "1k"), (1250, "1.2k"), (30_000_000, "30M"), (0, "0")])
    func compact(number: Int, text: String) {
        #expect(number.compact == text)
    }
}
