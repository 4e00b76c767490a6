import ControlPlane
import Testing

@testable import Console

@Suite("When an old secret ends")
struct SecretEndTests {
    /// 2026-01-31, 12:00:00 UTC.
    private static let now = 1_769_860_800.0

    @Test(
        "Days ahead, or as a day begins in UTC",
        arguments: [
            ("ends=1", 1.0), ("ends=7", 7), ("ends=30", 30), ("ends=date&date=2026-02-01", 0.5),
            ("ends=date&date=+2026-02-01+", 0.5), ("ends=date&date=2027-02-01", 365.5),
            // Without a choice the date counts.
            ("date=2026-03-01", 28.5), ("ends=1&date=2026-03-01", 1),
        ] as [(String, Double)])
    func ends(form: String, days: Double) throws {
        #expect(try SecretChangePage.end(FormValues(query: form), now: Self.now) == Self.now + days * 86_400)
    }

    @Test(
        "Anything else is refused at the date",
        arguments: [
            "", "ends=date", "ends=2", "ends=date&date=2026-01-31", "ends=date&date=2025-12-31",
            "ends=date&date=2027-02-02", "ends=date&date=2026-02-30", "ends=date&date=2026-13-01",
            "ends=date&date=2026-2-1", "ends=date&date=tomorrow", "ends=date&date=2026-02-01T00:00:00Z",
        ])
    func refused(form: String) {
        let problem = #expect(throws: AdminProblem.self) {
            try SecretChangePage.end(FormValues(query: form), now: Self.now)
        }
        #expect(problem?.errors.map(\.path) == ["date"])
    }
}
