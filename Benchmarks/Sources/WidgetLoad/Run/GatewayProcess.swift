import Foundation

/// The gateway's process on this machine: what it has used so far, from `/proc`.
struct GatewayProcess {
    let pid: Int

    init?(pid: Int) {
        self.pid = pid
        guard cpuNanoseconds() != nil else { return nil }
    }

    /// Finds who listens on `port`, where that can be seen.
    init?(listeningOn port: UInt16) {
        guard let pid = GatewayProcess.listener(port) else { return nil }
        self.init(pid: pid)
    }

    /// What the scheduler has accounted to its threads; nil once it is gone, or where this is no Linux.
    func cpuNanoseconds() -> UInt64? {
        let tasks = "/proc/\(pid)/task"
        guard let threads = try? FileManager.default.contentsOfDirectory(atPath: tasks) else { return nil }
        return threads.reduce(0) { sum, thread in
            let text = (try? String(contentsOfFile: "\(tasks)/\(thread)/schedstat", encoding: .utf8)) ?? ""
            return sum + (text.split(separator: " ").first.flatMap { UInt64($0) } ?? 0)
        }
    }

    /// In bytes.
    func residentMemory() -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
            let kibibytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap({
                Int($0)
            })
        else { return nil }
        return kibibytes * 1024
    }

    private static func listener(_ port: UInt16) -> Int? {
        let sockets = Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap { listeningSockets($0, port) })
        guard !sockets.isEmpty, let processes = try? FileManager.default.contentsOfDirectory(atPath: "/proc") else {
            return nil
        }
        return processes.lazy.compactMap { Int($0) }.first { pid in
            let folder = "/proc/\(pid)/fd"
            let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return descriptors.contains { descriptor in
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(descriptor)"))
                    .map(sockets.contains) ?? false
            }
        }
    }

    /// The inodes of listening sockets, as `/proc/PID/fd` shows them: `socket:[123]`.
    private static func listeningSockets(_ table: String, _ port: UInt16) -> [String] {
        guard let text = try? String(contentsOfFile: table, encoding: .utf8) else { return [] }
        let isListening = "0A"
        return text.split(separator: "\n").dropFirst().compactMap { line in
            let columns = line.split(separator: " ", omittingEmptySubsequences: true)
            guard columns.count > 9, columns[3] == isListening,
                columns[1].split(separator: ":").last.flatMap({ UInt16($0, radix: 16) }) == port
            else { return nil }
            return "socket:[\(columns[9])]"
        }
    }
}
