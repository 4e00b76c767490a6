import HTTPUpstream
import Logging

/// Says in the log when addresses of an upstream are shut out and when they are back: once, for all workers together.
struct UpstreamLog {
    struct Line: Equatable {
        let level: Logger.Level
        let text: String
    }

    /// Addresses shut out, by upstream, as last said.
    private var shutOut: [String: Int] = [:]

    /// - Parameter workers: how each worker sees each upstream.
    mutating func changes(_ workers: [[UpstreamStanding]]) -> [Line] {
        var lines: [Line] = []
        for (name, standings) in Dictionary(grouping: workers.joined(), by: \.name).sorted(by: { $0.key < $1.key }) {
            let now = standings.map(\.addressesShutOut).max() ?? 0
            let all = standings.map(\.addresses).max() ?? 0
            let before = shutOut[name] ?? 0
            if now > before {
                let reason = standings.compactMap(\.trouble).first.map { " (\($0))" } ?? ""
                lines.append(
                    Line(
                        level: .warning,
                        text: "upstream \(name): \(now) of \(all) addresses shut out after failures\(reason)"))
            } else if now == 0, before > 0 {
                lines.append(Line(level: .notice, text: "upstream \(name): all addresses are used again"))
            }
            shutOut[name] = now
        }
        return lines
    }
}
