import DataPlane
import Foundation
package import Logging
import Synchronization

/// Formats log lines as text or JSON, at a level that a reload can change.
package struct GatewayLogHandler: LogHandler {
    /// What all loggers of the process share.
    package static let settings = LogSettings()

    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level {
        get { Self.settings.level }
        set {}  // One level for all: the configuration's.
    }

    private let label: String

    package init(label: String) { self.label = label }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        LogWriter.standardError.write(
            Self.line(event.level, event.message.description, all.map { ($0.key, "\($0.value)") }))
    }

    /// What the log says of itself where lines got lost.
    static func lineAboutDropped(batches: Int) -> [UInt8] {
        line(.warning, "log lines were dropped", [("batches", "\(batches)")])
    }

    private static func line(_ level: Logger.Level, _ message: String, _ members: [(String, String)]) -> [UInt8] {
        let now = Date()
        guard settings.isJSON else {
            let time = now.formatted(
                .iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(separator: .omitted))
            let words = ["\(time) \(level.rawValue) \(message)"] + members.map { "\($0.0)=\($0.1)" }
            return Array((onOneLine(words.joined(separator: " ")) + "\n").utf8)
        }
        let time = String(format: "%.3f", now.timeIntervalSince1970)
        let all = [("level", level.rawValue), ("message", message)] + members
        let text = all.map { "\(quoted($0.0)):\(quoted($0.1))" }.joined(separator: ",")
        return Array("{\"kind\":\"log\",\"time\":\(time),\(text)}\n".utf8)
    }

    /// Without what could end a line or steer a terminal: some of it may be somebody else's words.
    private static func onOneLine(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: \.isControl) else { return text }
        var line = ""
        for scalar in text.unicodeScalars {
            if scalar == "\n" {
                line += "; "
            } else if scalar.isControl {
                line += String(format: "\\u%04x", scalar.value)
            } else {
                line.unicodeScalars.append(scalar)
            }
        }
        return line
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case _ where scalar.isControl: quoted += String(format: "\\u%04x", scalar.value)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

extension Unicode.Scalar {
    fileprivate var isControl: Bool { value < 0x20 || (0x7F...0x9F).contains(value) }
}

/// The level and format in force.
package final class LogSettings: Sendable {
    private let state = Mutex<(level: Logger.Level, isJSON: Bool)>((.info, false))

    package var level: Logger.Level { state.withLock { $0.level } }
    package var isJSON: Bool { state.withLock { $0.isJSON } }

    package func set(level: Logger.Level, isJSON: Bool) { state.withLock { $0 = (level, isJSON) } }
}
