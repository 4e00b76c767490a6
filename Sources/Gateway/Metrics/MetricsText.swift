import DataPlane

/// Writes figures in the text format of Prometheus (exposition format 0.0.4).
struct MetricsText {
    private(set) var text = ""

    /// Begins a family. One without samples is there all the same, so that whoever reads it learns of it.
    mutating func family(_ name: String, _ type: MetricType, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type.rawValue)\n"
    }

    mutating func sample(_ name: String, _ labels: KeyValuePairs<String, String> = [:], _ value: UInt64) {
        text += "\(name)\(Self.text(of: labels)) \(value)\n"
    }

    mutating func sample(_ name: String, _ labels: KeyValuePairs<String, String> = [:], seconds value: Double) {
        text += "\(name)\(Self.text(of: labels)) \(value)\n"
    }

    mutating func counter(_ name: String, _ help: String, _ value: UInt64) {
        family(name, .counter, help)
        sample(name, [:], value)
    }

    mutating func gauge(_ name: String, _ help: String, _ value: Int) {
        family(name, .gauge, help)
        sample(name, [:], UInt64(max(0, value)))
    }

    /// The histogram that begins at `cell` of `figures`; see `MetricsLayout`.
    mutating func histogram(_ name: String, _ label: (name: String, value: String)?, _ figures: [UInt64], at cell: Int)
    {
        let own = label.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }
        var count: UInt64 = 0
        for (index, bound) in MetricsLayout.bounds.enumerated() {
            count += figures[cell + index]
            text += "\(name)_bucket{\(own.map { $0 + "," } ?? "")le=\"\(bound.label)\"} \(count)\n"
        }
        count += figures[cell + MetricsLayout.sumCell - 1]
        let labels = own.map { "{\($0)}" } ?? ""
        text += "\(name)_bucket{\(own.map { $0 + "," } ?? "")le=\"+Inf\"} \(count)\n"
        text += "\(name)_sum\(labels) \(Double(figures[cell + MetricsLayout.sumCell]) / 1e9)\n"
        text += "\(name)_count\(labels) \(count)\n"
    }

    private static func text(of labels: KeyValuePairs<String, String>) -> String {
        guard !labels.isEmpty else { return "" }
        return "{" + labels.map { "\($0.key)=\"\(escaped($0.value))\"" }.joined(separator: ",") + "}"
    }

    private static func escaped(_ value: String) -> String {
        var escaped = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

enum MetricType: String {
    case counter, gauge, histogram
}
