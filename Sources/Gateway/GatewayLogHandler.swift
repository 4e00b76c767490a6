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
        let time = Date().formatted(.iso8601.time(includingFractionalSeconds: true))
        var line: String
        if Self.settings.isJSON {
            var members = [
                ("kind", "log"), ("time", time), ("level", event.level.rawValue),
                ("message", event.message.description),
            ]
            members += all.map { ($0.key, "\($0.value)") }
            line = "{" + members.map { "\(Self.quoted($0.0)):\(Self.quoted($0.1))" }.joined(separator: ",") + "}"
        } else {
            line = "\(time) \(event.level.rawValue) \(event.message)"
            for (key, value) in all { line += " \(key)=\(value)" }
        }
        LogWriter.standardError.write(Array((line + "\n").utf8))
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case _ where scalar.value < 0x20: quoted += String(format: "\\u%04x", scalar.value)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

/// The level and format in force.
package final class LogSettings: Sendable {
    private let state = Mutex<(level: Logger.Level, isJSON: Bool)>((.info, false))

    package var level: Logger.Level { state.withLock { $0.level } }
    package var isJSON: Bool { state.withLock { $0.isJSON } }

    package func set(level: Logger.Level, isJSON: Bool) { state.withLock { $0 = (level, isJSON) } }
}
