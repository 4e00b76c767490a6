import Foundation

/// What is going on, on standard error: one line that is written over on a terminal, else a line a second.
final class ProgressLine {
    private let isTerminal = isatty(2) == 1
    private var width = 0
    private var elapsed = 0
    private let total: Int
    private let gateway: GatewayProcess?
    private var lastCPU: UInt64?

    init(seconds: Double, gateway: GatewayProcess?) {
        total = Int(seconds.rounded(.up))
        self.gateway = gateway
    }

    func signed(_ count: Int, of total: Int) {
        guard isTerminal || count == total else { return }
        show("signing tokens: \(Numbers.grouped(count)) of \(Numbers.grouped(total))")
    }

    func started() { lastCPU = gateway?.cpuNanoseconds() }

    /// The first requests are behind: from now on it counts.
    func restarted(warmed: Bool) {
        guard warmed else { return }
        end()
        elapsed = 0
        lastCPU = gateway?.cpuNanoseconds()
        write("every token has been seen\n")
    }

    func second(_ second: Measurements.Second, wrong: Int) {
        elapsed += 1
        var line =
            "\(elapsed)/\(total) s  \(Numbers.grouped(second.answers))/s  p50 \(Numbers.fixed(second.p50, 2)) ms"
            + "  p99 \(Numbers.fixed(second.p99, 2)) ms  errors \(second.errors)  wrong \(wrong)"
        if let cpu = gateway?.cpuNanoseconds() {
            if let lastCPU, second.answers > 0, cpu >= lastCPU {
                line += "  CPU \(Numbers.fixed(Double(cpu - lastCPU) / Double(second.answers) / 1000, 1)) µs"
            }
            lastCPU = cpu
        }
        show(line)
    }

    /// Leaves the terminal's line to what comes next.
    func end() {
        if isTerminal, width > 0 { write("\r" + String(repeating: " ", count: width) + "\r") }
        width = 0
    }

    private func show(_ line: String) {
        if isTerminal {
            write("\r" + line + String(repeating: " ", count: max(0, width - line.count)))
            width = line.count
        } else {
            write(line + "\n")
        }
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
