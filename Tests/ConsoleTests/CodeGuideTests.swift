import IdentityCore
import Testing
import UserDirectory

@testable import Console

@Suite("What codes mean")
struct CodeGuideTests {
    @Test("Each code is explained, in sentences, with how to mend it", arguments: RejectionCode.allCases)
    func explained(code: RejectionCode) {
        let guide = CodeGuide(code)
        #expect(guide.code == code.rawValue)
        #expect(guide.status == code.status)
        #expect(!guide.title.isEmpty && !guide.title.hasSuffix("."))
        #expect(guide.meaning.hasSuffix(".") && guide.meaning.count > 15)
        #expect(guide.remedy.hasSuffix(".") && guide.remedy.count > 15)
        #expect(guide.address == "/console/codes#\(code.rawValue)")
    }

    @Test("No two are explained alike, as they would be by a rule for all that was forgotten")
    func distinct() {
        let guides = RejectionCode.allCases.map { CodeGuide($0) }
        #expect(Set(guides.map(\.title)).count == guides.count)
        #expect(Set(guides.map(\.meaning)).count == guides.count)
    }

    @Test("The page of all codes has each once")
    func groups() {
        let listed = CodeGroup.all.flatMap { $0.codes.map(\.code) }
        #expect(listed.sorted() == RejectionCode.allCases.map(\.rawValue).sorted())
        #expect(CodeGroup.all.allSatisfy { !$0.codes.isEmpty })
    }

    @Test("What isn't a code has no explanation", arguments: ["accepted", "", "Token_expired", "token_expired "])
    func unknown(code: String) {
        #expect(CodeGuide(code: code) == nil)
    }

    @Test("Each kind of alert is explained", arguments: AlertKind.allCases)
    func alerts(kind: AlertKind) {
        let guide = AlertGuide(kind)
        #expect(guide.meaning.hasSuffix("."))
        #expect(Set(AlertKind.allCases.map { AlertGuide($0).title }).count == AlertKind.allCases.count)
    }

    @Test("Each warning of an accepted token has words", arguments: ["extra_dropped", "privilege_deny_ignored"])
    func warnings(name: String) {
        #expect(TokenWarnings(rawValue: .max).names.contains(name))
        #expect(TokenLogRow.warning(name) != name)
    }
}
