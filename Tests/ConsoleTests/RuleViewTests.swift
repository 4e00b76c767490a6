import Testing
import UserDirectory

@testable import Console

@Suite("A rule's figures")
struct RuleViewTests {
    @Test(
        "Nearly all is not all, and nearly nothing not nothing",
        arguments: [
            (1000, 1000, 100, "100 %"), (1000, 999, 100, "> 99 %"), (1000, 1, 0, "< 1 %"), (1000, 0, 0, "0 %"),
            (4, 1, 25, "25 %"), (3, 2, 67, "67 %"),
        ] as [(Int, Int, Int, String)])
    func share(requests: Int, satisfied: Int, share: Int, text: String) {
        let span = RuleView.Span("Last day", RuleFigures(requests: requests, satisfied: satisfied))
        #expect((span.hasTraffic, span.share, span.shareText) == (true, share, text))
    }

    @Test("Without traffic there is no share")
    func quiet() {
        let span = RuleView.Span("Last hour", RuleFigures())
        #expect(!span.hasTraffic && !span.isBad)
    }

    @Test(
        "One is one",
        arguments: [(1, "1 address", "1 user"), (2, "2 addresses", "2 users"), (0, "0 addresses", "0 users")]
            as [(Int, String, String)])
    func people(count: Int, addresses: String, users: String) {
        #expect(RuleWords(.requireIdentify).people(count) == addresses)
        #expect(RuleWords(.requireUserHash).people(count) == users)
    }

    @Test("Each setting that is enforced has words", arguments: EnforcementRule.allCases)
    func words(rule: EnforcementRule) {
        let setting = rule == .updateOnly ? "identify_mode" : rule.rawValue
        #expect(RuleWords(setting: setting)?.name == RuleWords(rule).name)
    }
}
