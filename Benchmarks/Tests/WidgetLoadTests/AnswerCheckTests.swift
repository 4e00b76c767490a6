import Testing

@testable import widget_load

struct AnswerCheckTests {
    static let other = Array(#"{"state":"identified","user":{"email":"user-0000002@load.test"}}"#.utf8)
    static let first = Array(#"{"state":"identified","user":{"email":"user-0000001@load.test"}}"#.utf8)
    static let anonymous = Array(#"{"state":"anonymous"}"#.utf8)

    private func judge(
        _ kind: RequestKind, _ status: Int, _ code: String = "", _ body: [UInt8] = [], namesUser: Bool = false
    ) -> AnswerJudgement {
        AnswerCheck(namesUser: namesUser)
            .judge(PendingRequest(kind: kind, user: 0), status: status, code: code, body: body)
    }

    @Test(arguments: [
        (RequestKind.valid, 200, ""), (.valid, 304, ""), (.expired, 401, "token_expired"),
        (.forged, 401, "token_signature_mismatch"), (.anonymous, 200, ""), (.anonymous, 401, "identify_required"),
    ])
    func `what each kind must get is right`(_ kind: RequestKind, _ status: Int, _ code: String) {
        #expect(judge(kind, status, code) == .right)
    }

    @Test(arguments: [
        (RequestKind.valid, 401, "token_expired"), (.valid, 403, "user_blocked"), (.expired, 200, ""),
        (.forged, 204, ""), (.forged, 401, "token_expired"), (.anonymous, 401, "token_malformed"),
    ])
    func `a verdict that the token doesn't deserve is wrong`(_ kind: RequestKind, _ status: Int, _ code: String) {
        guard case .wrong = judge(kind, status, code) else {
            Issue.record("\(kind) \(status) \(code) passed")
            return
        }
    }

    @Test(arguments: RequestKind.allCases, [429, 502, 503, 504])
    func `overload is a failure whoever asks`(_ kind: RequestKind, _ status: Int) {
        #expect(judge(kind, status, "overloaded") == .failure)
    }

    @Test func `one user taken for another is wrong`() {
        #expect(judge(.valid, 200, "", Self.first, namesUser: true) == .right)
        #expect(judge(.valid, 200, "", Self.other, namesUser: true) != .right)
        #expect(judge(.valid, 200, "", Self.anonymous, namesUser: true) != .right)
    }

    @Test func `a request without a token must not speak for anybody`() {
        #expect(judge(.anonymous, 200, "", Self.anonymous, namesUser: true) == .right)
        #expect(judge(.anonymous, 200, "", Self.first, namesUser: true) != .right)
    }

    @Test func `the code is read from a problem document`() {
        #expect(
            AnswerCheck.code(Array(#"{"status":401,"code":"token_expired","state":"locked"}"#.utf8)) == "token_expired")
        #expect(AnswerCheck.code(Array("<html>".utf8)).isEmpty)
        #expect(AnswerCheck.code([]).isEmpty)
    }
}
