/// A length of time on the command line: `30`, `30s`, `500ms`, `5m`.
struct LoadDuration {
    let seconds: Double

    init?(_ text: String) {
        let units = [("ms", 0.001), ("s", 1), ("m", 60), ("", 1)]
        guard let (suffix, unit) = units.first(where: { text.hasSuffix($0.0) }),
            let number = Double(text.dropLast(suffix.count)), number > 0, number.isFinite
        else { return nil }
        seconds = number * unit
    }
}
