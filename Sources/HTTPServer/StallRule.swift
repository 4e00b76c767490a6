/// Tells who is too slow in what it owes.
///
/// Any single byte would be progress to a timer of silence, so bytes are counted in stretches: each stretch begins with
/// nothing and ends well as soon as enough bytes have moved; one that lasts too long is a stall.
struct StallRule {
    let seconds: Double
    /// Bytes that have to move within `seconds`.
    let bytes: Int

    init(seconds: Double, bytesPerSecond: Int) {
        self.seconds = seconds
        bytes = max(1, Int(seconds * Double(bytesPerSecond)))
    }

    /// Looks at bytes moved so far, by a clock in milliseconds, and keeps the stretch's beginning in `mark` and
    /// `markedAt`; 0 in `markedAt` begins one.
    func isStalled(_ moved: Int, mark: inout Int, markedAt: inout UInt64, now: UInt64) -> Bool {
        guard markedAt != 0, moved - mark < bytes else {
            mark = moved
            markedAt = max(1, now)
            return false
        }
        return Double(now - min(now, markedAt)) > seconds * 1000
    }
}
