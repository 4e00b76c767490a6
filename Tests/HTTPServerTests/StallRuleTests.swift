import Testing

@testable import HTTPServer

@Suite struct StallRuleTests {
    /// Looks once a second at what `moved` says; returns the second of the stall, or nil within two minutes.
    private static func stall(_ rule: StallRule, moved: (Int) -> Int) -> Int? {
        var mark = 0
        var markedAt: UInt64 = 0
        return (0..<120).first {
            rule.isStalled(moved($0), mark: &mark, markedAt: &markedAt, now: 5000 + UInt64($0) * 1000)
        }
    }

    @Test(arguments: [(0, 21), (1, 21), (150, 21)])
    func `who is slower than the rate stalls once the time is over`(bytesPerSecond: Int, second: Int) {
        let rule = StallRule(seconds: 20, bytesPerSecond: 200)
        #expect(Self.stall(rule) { $0 * bytesPerSecond } == second)
    }

    @Test(arguments: [200, 1000, 1_000_000])
    func `who keeps the rate never does`(bytesPerSecond: Int) {
        let rule = StallRule(seconds: 20, bytesPerSecond: 200)
        #expect(Self.stall(rule) { $0 * bytesPerSecond } == nil)
    }

    @Test func `what comes in bursts is taken on the average`() {
        let rule = StallRule(seconds: 20, bytesPerSecond: 200)
        #expect(Self.stall(rule) { $0 / 15 * 4000 } == nil)
        #expect(Self.stall(rule) { $0 / 25 * 4000 } == 21)
    }

    @Test func `without a rate any byte is enough`() {
        let rule = StallRule(seconds: 20, bytesPerSecond: 0)
        #expect(Self.stall(rule) { $0 / 15 } == nil)
        #expect(Self.stall(rule) { _ in 0 } == 21)
    }
}
