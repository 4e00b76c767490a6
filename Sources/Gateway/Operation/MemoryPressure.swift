import EventLoop

/// Tells from the memory in use how short it is.
///
/// ample ─▶ scarce (85 % of the limit) ─▶ exhausted (the limit), and back at 75 % and 90 %: between two marks it stays as
/// it is, so that it doesn't go to and fro with every request.
struct MemoryPressure: Equatable {
    private(set) var level = MemoryLevel.ample

    private static let scarceFrom = 0.85
    private static let ampleBelow = 0.75
    private static let exhaustedFrom = 1.0
    private static let scarceBelow = 0.9

    /// Takes in what is used now. Returns whether the level is another than before.
    ///
    /// - Parameter limit: in bytes; nil: any number is ample.
    mutating func measured(_ bytes: Int, of limit: Int?) -> Bool {
        let before = level
        level = next(limit.map { Double(max(0, bytes)) / Double(max(1, $0)) } ?? 0)
        return level != before
    }

    private func next(_ part: Double) -> MemoryLevel {
        if part >= Self.exhaustedFrom { return .exhausted }
        return switch level {
        case .exhausted where part >= Self.scarceBelow: .exhausted
        case .ample where part < Self.scarceFrom: .ample
        case _ where part < Self.ampleBelow: .ample
        default: .scarce
        }
    }
}
