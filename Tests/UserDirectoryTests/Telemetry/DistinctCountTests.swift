import Testing
import UserDirectory

@Suite("Distinct counts") struct DistinctCountTests {
    private static func names(_ range: Range<Int>) -> [String] { range.map { "usr_\($0)" } }

    private static func count(_ names: [String]) -> DistinctCount {
        var count = DistinctCount()
        for name in names { count.insert(name.utf8) }
        return count
    }

    @Test("Few are counted exactly, however often each comes", arguments: [0, 1, 2, 17, DistinctCount.exactLimit])
    func exact(number: Int) {
        let count = Self.count(Self.names(0..<number) + Self.names(0..<number))
        #expect(count.isExact)
        #expect(count.count == number)
    }

    /// Four standard errors of 2 048 registers, 2.3 %: one run of ten thousand would fail, if the hash were random.
    @Test(
        "Many are estimated within four standard errors of the exact number",
        arguments: [
            129, 500, 2000, 4000, 5000, 6000, 10_000, 50_000, 200_000,
        ])
    func estimate(number: Int) {
        let exact = Set(Self.names(0..<number)).count
        let count = Self.count(Self.names(0..<number))
        #expect(!count.isExact)
        #expect(abs(Double(count.count - exact)) <= 4 * 0.023 * Double(exact), "\(count.count) for \(exact)")
    }

    @Test(
        "Parts merge into the count of the whole, whatever they share",
        arguments: [(0..<50, 25..<100), (0..<50, 0..<5000), (0..<5000, 4990..<5010), (0..<4000, 2000..<9000)])
    func merging(_ first: Range<Int>, _ second: Range<Int>) {
        let whole = Self.count(Self.names(first) + Self.names(second))
        for (left, right) in [(first, second), (second, first)] {
            var merged = Self.count(Self.names(left))
            merged.merge(Self.count(Self.names(right)))
            #expect(merged == whole)
        }
    }

    @Test("What is stored is what comes back", arguments: [0, 1, 100, DistinctCount.exactLimit, 129, 3000])
    func storage(number: Int) {
        let count = Self.count(Self.names(0..<number))
        #expect(count.bytes.count <= 2049)
        #expect(DistinctCount(bytes: count.bytes) == count)
    }

    @Test(
        "Bytes that are no count are refused",
        arguments: [[2], [1, 0], [0, 1, 2, 3], [1] + [UInt8](repeating: 0, count: 2047)])
    func nonsense(bytes: [UInt8]) { #expect(DistinctCount(bytes: bytes) == nil) }
}
