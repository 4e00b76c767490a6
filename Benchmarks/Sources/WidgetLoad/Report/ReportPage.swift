import Foundation

/// The report as one HTML page without scripts or anything from elsewhere.
enum ReportPage {
    static func html(_ report: LoadReport) -> String {
        """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Load test of \(escaped(report.target))</title>
        <style>\(style)</style>
        <main>
        <h1>Load test of \(escaped(report.target))<small>\(escaped(report.path))</small></h1>
        <p>\(escaped(ReportTable.details(report))).</p>
        \(verdict(report))
        \(figures(report))
        \(latencyChart(report))
        \(throughputChart(report))
        \(latencyOverTime(report))
        \(latencyTable(report))
        \(outcomeTable(report))
        </main>
        </html>

        """
    }

    private static func verdict(_ report: LoadReport) -> String {
        guard report.wrongAnswers > 0 else { return #"<p class="good">No wrong answer.</p>"# }
        let list = report.wrong.sorted { $0.value > $1.value }
            .map { "<li>\(Numbers.grouped($0.value)) × \(escaped($0.key))</li>" }.joined()
        return
            #"<div class="wrong"><strong>\#(Numbers.grouped(report.wrongAnswers)) wrong answers</strong><ul>\#(list)</ul></div>"#
    }

    private static func figures(_ report: LoadReport) -> String {
        var figures = [("answers a second", Numbers.grouped(Int(report.answersPerSecond)))]
        if let latency = report.latency {
            figures.append(("p50, ms", Numbers.fixed(latency.p50, 2)))
            figures.append(("p99, ms", Numbers.fixed(latency.p99, 2)))
            figures.append(("longest, ms", Numbers.fixed(latency.max, 1)))
        }
        figures.append(("errors", Numbers.grouped(report.errors)))
        if let gateway = report.gateway {
            figures.append(("CPU µs a request", Numbers.fixed(gateway.cpuMicrosecondsPerRequest, 1)))
            figures.append(("MiB resident", Numbers.fixed(gateway.residentMiB, 0)))
        }
        return "<dl>" + figures.map { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd></div>" }.joined() + "</dl>"
    }

    /// Latency by percentile, where each further nine is as wide as the one before.
    private static func latencyChart(_ report: LoadReport) -> String {
        let points = report.latencyCurve.map { (x: -log10(1 - $0.percentile / 100), y: $0.milliseconds) }
        let labels = ["0", "90%", "99%", "99.9%", "99.99%", "99.999%", "99.9999%"]
        return LineChart(
            title: "Latency by percentile",
            unit: "ms" + (report.rate == nil ? "" : ", from when a request was due"),
            series: [.init(name: "all answers", style: "line", points: points)],
            marks: labels.enumerated().map { (x: Double($0.offset), label: $0.element) }
                + [(x: -log10(0.5), label: "50%")], isLogarithmic: true
        ).svg
    }

    private static func throughputChart(_ report: LoadReport) -> String {
        var series = [series("answers", "line", report) { Double($0.answers) }]
        if report.errors + report.wrongAnswers > 0 {
            series.append(self.series("errors", "bad", report) { Double($0.errors) })
        }
        return LineChart(title: "Throughput over time", unit: "a second", series: series, marks: marks(report)).svg
    }

    private static func latencyOverTime(_ report: LoadReport) -> String {
        LineChart(
            title: "Latency over time", unit: "ms, second by second",
            series: [series("p99", "second", report, \.p99), series("p50", "line", report, \.p50)],
            marks: marks(report), isLogarithmic: true
        ).svg
    }

    private static func series(
        _ name: String, _ style: String, _ report: LoadReport, _ value: (LoadReport.Second) -> Double
    ) -> LineChart.Series {
        .init(
            name: name, style: style,
            points: report.perSecond.enumerated().map { (x: Double($0.offset + 1), y: value($0.element)) })
    }

    private static func marks(_ report: LoadReport) -> [(x: Double, label: String)] {
        let count = report.perSecond.count
        let step = [1, 2, 5, 10, 30, 60, 120, 300, 600].first { count / $0 <= 12 } ?? 900
        return stride(from: step, through: max(count, step), by: step).map { (x: Double($0), label: "\($0) s") }
    }

    private static func latencyTable(_ report: LoadReport) -> String {
        var rows = [("all", report.latency)]
        rows += RequestKind.allCases.map { ($0.name, report.latencyByKind[$0.name]) }
        rows.append(("first seen", report.firstSeen?.latency))
        rows.append(("handshakes", report.handshakes))
        let body = rows.compactMap { name, latency in
            latency.map { latency in
                "<tr><th>\(name)</th><td>\(Numbers.grouped(Int(latency.count)))</td>"
                    + [latency.p50, latency.p90, latency.p99, latency.p999, latency.max]
                    .map { "<td>\(Numbers.fixed($0, 2))</td>" }.joined() + "</tr>"
            }
        }
        return "<table><tr><th>latency, ms</th><th>answers</th><th>p50</th><th>p90</th><th>p99</th><th>p99.9</th>"
            + "<th>max</th></tr>\(body.joined())</table>"
    }

    private static func outcomeTable(_ report: LoadReport) -> String {
        let rows = report.outcomes.sorted { $0.value > $1.value }
            .map { "<tr><th>\(escaped($0.key))</th><td>\(Numbers.grouped($0.value))</td></tr>" }
        return "<table><tr><th>outcome</th><th>answers</th></tr>\(rows.joined())</table>"
    }

    private static func escaped(_ text: String) -> String {
        text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
            .replacingOccurrences(of: ">", with: "&gt;").replacingOccurrences(of: "\"", with: "&quot;")
    }

    private static let style = """
        :root { color-scheme: light dark; --text: #1d2330; --soft: #5b6475; --grid: #e3e6ec; --page: #fff; --line: #2f6fde;
          --second: #d97706; --bad: #c62f3b; --good: #1d7f4e }
        @media (prefers-color-scheme: dark) { :root { --text: #e6e9f0; --soft: #9aa3b5; --grid: #2b3240; --page: #12161f;
          --line: #7aa7ff; --second: #f2a33c; --bad: #ff7b85; --good: #5cc98f } }
        body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif }
        main { max-width: 900px; margin: 0 auto; padding: 24px 20px 60px }
        h1 { font-size: 24px; margin: 0 0 4px } h1 small { color: var(--soft); font-weight: 400; margin-left: 8px }
        p { color: var(--soft); margin: 0 0 16px }
        p.good { color: var(--good) } .wrong { color: var(--bad); margin-bottom: 16px }
        dl { display: flex; flex-wrap: wrap; gap: 10px 36px; margin: 0 0 24px }
        dt { color: var(--soft); font-size: 13px } dd { margin: 0; font-size: 24px; font-variant-numeric: tabular-nums }
        figure { margin: 0 0 28px } figcaption { font-weight: 600; margin-bottom: 6px }
        figcaption small { color: var(--soft); font-weight: 400; margin-right: 12px }
        .key { font-weight: 400; font-size: 13px; margin-right: 10px } .key::before { content: "●"; margin-right: 4px }
        .key.line::before { color: var(--line) } .key.second::before { color: var(--second) }
        .key.bad::before { color: var(--bad) }
        svg { width: 100%; height: auto; display: block } svg text { fill: var(--soft); font-size: 12px }
        polyline { fill: none; stroke-width: 2; stroke-linejoin: round }
        polyline.line { stroke: var(--line) } polyline.second { stroke: var(--second) } polyline.bad { stroke: var(--bad) }
        .grid { stroke: var(--grid); stroke-width: 1 }
        table { border-collapse: collapse; margin: 0 0 24px; font-variant-numeric: tabular-nums }
        th, td { padding: 4px 14px 4px 0; text-align: right; border-bottom: 1px solid var(--grid); font-weight: 400 }
        th:first-child { text-align: left } tr:first-child th { color: var(--soft); font-size: 13px }
        """
}
