import ArgumentParser

/// How long, as an operator writes it: `90s`, `15m`, `1h`, `7d`.
struct DurationArgument: ExpressibleByArgument, Equatable {
    let seconds: Double

    init(seconds: Double) { self.seconds = seconds }

    init?(argument: String) {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        guard let unit = argument.last.flatMap({ units[$0] }), let count = UInt32(argument.dropLast()) else {
            return nil
        }
        seconds = Double(count) * unit
    }

    var defaultValueDescription: String {
        for (unit, length) in [("d", 86400.0), ("h", 3600), ("m", 60)] {
            let count = seconds / length
            if count >= 1, count == count.rounded() { return "\(Int(count))\(unit)" }
        }
        return "\(Int(seconds))s"
    }
}
