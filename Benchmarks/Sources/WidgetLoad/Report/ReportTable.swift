import Foundation

/// The report for the terminal.
enum ReportTable {
    static func text(_ report: LoadReport) -> String {
        var lines = [heading(report), ""]
        lines.append(row("latency, ms", ["answers", "p50", "p90", "p99", "p99.9", "max"]))
        if let all = report.latency { lines.append(row("all", cells(all))) }
        for kind in RequestKind.allCases {
            if let latency = report.latencyByKind[kind.name] { lines.append(row("  \(kind.name)", cells(latency))) }
        }
        if let first = report.firstSeen { lines.append(row("first seen", cells(first.latency))) }
        if let handshakes = report.handshakes { lines.append(row("handshakes", cells(handshakes))) }
        lines += ["", "Outcomes"]
        for (outcome, count) in report.outcomes.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
            lines.append("  " + pad(Numbers.grouped(count), 12) + "  " + outcome)
        }
        lines.append("")
        if let gateway = report.gateway { lines.append("Gateway (process \(gateway.pid)): " + usage(gateway)) }
        if let first = report.firstSeen?.gateway { lines.append("  for first-seen tokens: " + usage(first)) }
        if report.wrongAnswers > 0 {
            lines.append("WRONG ANSWERS: \(Numbers.grouped(report.wrongAnswers))")
            for (what, count) in report.wrong.sorted(by: { $0.value > $1.value }) {
                lines.append("  " + pad(Numbers.grouped(count), 12) + "  " + what)
            }
        } else {
            lines.append("No wrong answer.")
        }
        return lines.joined(separator: "\n")
    }

    static func heading(_ report: LoadReport) -> String {
        "\(report.target)\(report.path): \(Numbers.grouped(report.answers)) answers in \(Numbers.fixed(report.seconds, 1)) s"
            + ", \(Numbers.grouped(Int(report.answersPerSecond)))/s, \(Numbers.grouped(report.errors)) errors; "
            + details(report)
    }

    static func details(_ report: LoadReport) -> String {
        "\(report.connections) × \(report.streams) streams, \(report.mode)"
            + (report.rate.map { " at \(Numbers.grouped(Int($0)))/s" } ?? "")
            + ", \(Numbers.grouped(report.users)) users" + (report.zipf.map { " by Zipf(\($0))" } ?? "")
            + (report.tokenBytes > 0 ? ", tokens of \(report.tokenBytes) bytes" : "")
            + (report.requestsPerConnection.map { ", a handshake per \($0) requests" } ?? "")
    }

    private static func usage(_ gateway: LoadReport.Gateway) -> String {
        "\(Numbers.fixed(gateway.cpuMicrosecondsPerRequest, 2)) µs of CPU a request, "
            + "\(Numbers.fixed(gateway.cpuCores, 2)) cores, \(Numbers.fixed(gateway.residentMiB, 0)) MiB resident "
            + "(\(gateway.residentGrowthMiB < 0 ? "" : "+")\(Numbers.fixed(gateway.residentGrowthMiB, 0)))"
    }

    private static func cells(_ latency: LoadReport.Latency) -> [String] {
        [Numbers.grouped(Int(latency.count))]
            + [latency.p50, latency.p90, latency.p99, latency.p999, latency.max].map { Numbers.fixed($0, 2) }
    }

    private static func row(_ name: String, _ cells: [String]) -> String {
        name + String(repeating: " ", count: max(0, 14 - name.count)) + cells.map { pad($0, 12) }.joined()
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}

/// Numbers as people read them.
enum Numbers {
    static func fixed(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

    /// 1234567 as `1,234,567`.
    static func grouped(_ value: Int) -> String {
        let digits = String(abs(value))
        var text = value < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }
}
