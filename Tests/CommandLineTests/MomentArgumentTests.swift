import Testing

@testable import widget_gateway

@Suite struct MomentArgumentTests {
    @Test(arguments: [
        ("90s", 999_910.0), ("15m", 999_100), ("1h", 996_400), ("7d", 395_200), ("0s", 1_000_000),
        ("1970-01-01T00:01:00Z", 60), ("2026-01-31T12:00:00Z", 1_769_860_800),
    ])
    func `a moment is so long ago, or a date`(_ text: String, _ seconds: Double) {
        #expect(MomentArgument(text, now: 1_000_000)?.seconds == seconds)
    }

    @Test(arguments: ["", "h", "1", "-1h", "1.5h", "1w", "yesterday", "99999999999h", "2026-01-31"])
    func `anything else is refused`(_ text: String) { #expect(MomentArgument(text, now: 1_000_000) == nil) }
}
