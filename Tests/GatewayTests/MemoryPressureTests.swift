import EventLoop
import Testing

@testable import Gateway

@Suite("Memory pressure") struct MemoryPressureTests {
    @Test(
        "each level has a mark to reach it and a lower one to leave it",
        arguments: [
            ([0, 84], [MemoryLevel.ample, .ample]),
            ([84, 85, 75, 74], [.ample, .scarce, .scarce, .ample]),
            (
                [85, 99, 100, 99, 90, 89, 85, 75],
                [.scarce, .scarce, .exhausted, .exhausted, .exhausted, .scarce, .scarce, .scarce]
            ),
            ([100, 74], [.exhausted, .ample]),
            ([100, 80, 100, 80], [.exhausted, .scarce, .exhausted, .scarce]),
            ([84, 5000, 89, 84, 86], [.ample, .exhausted, .scarce, .scarce, .scarce]),
            ([80, 76, 84], [.ample, .ample, .ample]),
        ] as [([Int], [MemoryLevel])])
    func marks(percentages: [Int], levels: [MemoryLevel]) {
        var pressure = MemoryPressure()
        for (percentage, level) in zip(percentages, levels) {
            let before = pressure.level
            let isChanged = pressure.measured(percentage, of: 100)
            #expect(isChanged == (level != before), "\(percentage)")
            #expect(pressure.level == level, "\(percentage)")
        }
    }

    @Test("without a limit any number is ample, also when the limit goes")
    func noLimit() {
        var pressure = MemoryPressure()
        let steps: [(limit: Int?, level: MemoryLevel)] = [(nil, .ample), (5, .exhausted), (nil, .ample)]
        for step in steps {
            _ = pressure.measured(10, of: step.limit)
            #expect(pressure.level == step.level)
        }
    }

    @Test("no number is too odd", arguments: [(-1, 100), (0, 0), (0, -5), (Int.min, Int.max), (1, Int.max)])
    func oddNumbers(used: Int, limit: Int) {
        var pressure = MemoryPressure()
        _ = pressure.measured(used, of: limit)
        #expect(pressure.level == .ample)
        _ = pressure.measured(.max, of: .max)
        #expect(pressure.level == .exhausted)
    }
}
