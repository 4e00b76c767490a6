import HTTP2Engine
import Testing

@Suite struct FrameBudgetTests {
    @Test(arguments: [100, 2000])
    func `a client that only spends runs out, exactly at the end`(full: Int) {
        var budget = FrameBudget(full)
        var answers: [Bool] = []
        for _ in 0...full { answers.append(budget.spend(1)) }
        #expect(answers == Array(repeating: true, count: full - 1) + [false, false])
    }

    @Test func `what earns more than it spends never runs out`() {
        var budget = FrameBudget(2000)
        var refusals = 0
        for _ in 0..<100_000 {
            if !budget.spend(2) { refusals += 1 }
            budget.earn(3)
        }
        #expect(refusals == 0)
    }

    @Test func `nobody saves up more than a full budget, neither by earning nor by a negative cost`() {
        var budget = FrameBudget(2000)
        budget.earn(1_000_000)
        let goesOn = budget.spend(-1_000_000)
        let left = budget.left
        let isAllowed = budget.spend(2000)
        #expect(goesOn)
        #expect(left == 2000)
        #expect(!isAllowed)
    }

    @Test(arguments: [(2000, 50), (100, 2), (10, 1)])
    func `a fortieth comes back each second, and something at least`(full: Int, gain: Int) {
        var budget = FrameBudget(full)
        _ = budget.spend(full)
        budget.secondPassed()
        let left = budget.left
        #expect(left == gain)
    }
}
