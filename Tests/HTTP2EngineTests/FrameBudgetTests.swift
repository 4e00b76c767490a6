import HTTP2Engine
import Testing

@Suite struct FrameBudgetTests {
    @Test func `a client that only spends runs out, exactly at the end`() {
        var budget = FrameBudget()
        var answers: [Bool] = []
        for _ in 0...FrameBudget.full { answers.append(budget.spend(1)) }
        #expect(answers == Array(repeating: true, count: FrameBudget.full - 1) + [false, false])
    }

    @Test func `what earns more than it spends never runs out`() {
        var budget = FrameBudget()
        var refusals = 0
        for _ in 0..<100_000 {
            if !budget.spend(2) { refusals += 1 }
            budget.earn(3)
        }
        #expect(refusals == 0)
    }

    @Test func `nobody saves up more than a full budget`() {
        var budget = FrameBudget()
        budget.earn(1_000_000)
        let left = budget.left
        let isAllowed = budget.spend(FrameBudget.full)
        #expect(left == FrameBudget.full)
        #expect(!isAllowed)
    }

    @Test func `time gives back`() {
        var budget = FrameBudget()
        _ = budget.spend(FrameBudget.full)
        budget.secondPassed()
        let left = budget.left
        #expect(left == 50)
    }
}
