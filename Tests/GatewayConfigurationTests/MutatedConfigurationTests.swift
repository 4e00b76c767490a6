import Testing

@testable import GatewayConfiguration

@Suite struct MutatedConfigurationTests {
    /// Numbers that are the same in every run (a linear congruential generator).
    private struct Numbers: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 33
        }
    }

    @Test(arguments: [sampleConfiguration, sampleOrganizations])
    func `a damaged file is accepted or refused, and never shows its secret`(sample: String) {
        var numbers = Numbers(state: 1)
        let pieces = Array("{}[]:,-#&*!|>'\"%@`?~<\\ \n\t\u{0}é0".utf8)
        for _ in 0..<300 {
            var bytes = Array(sample.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &numbers) {
                let index = Int.random(in: 0..<bytes.count, using: &numbers)
                switch Int.random(in: 0..<3, using: &numbers) {
                case 0: bytes[index] = pieces[Int.random(in: 0..<pieces.count, using: &numbers)]
                case 1: bytes.remove(at: index)
                default: bytes.insert(pieces[Int.random(in: 0..<pieces.count, using: &numbers)], at: index)
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            let problems = refusal(of: text) + refusalOfOrganizations(text)
            #expect(!problems.joined().contains("0c0d0e0f"))
        }
    }
}
