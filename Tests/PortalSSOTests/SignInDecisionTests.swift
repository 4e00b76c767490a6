import IdentityCore
import PortalSSO
import Testing

@Suite("Decisions on sign-ins")
struct SignInDecisionTests {
    struct Row: CustomTestStringConvertible {
        let isSolicited, allowUnsolicited: Bool
        let currentUser: String?
        let expected: SignInDecision

        var testDescription: String {
            "\(isSolicited ? "begun here" : "begun elsewhere"), elsewhere \(allowUnsolicited ? "allowed" : "forbidden"), "
                + "\(currentUser ?? "nobody") signed in"
        }
    }

    /// Every combination there is, for the new user `jane`.
    private static let rows: [Row] = [
        Row(isSolicited: true, allowUnsolicited: true, currentUser: nil, expected: .begin),
        Row(isSolicited: true, allowUnsolicited: true, currentUser: "jane", expected: .begin),
        Row(isSolicited: true, allowUnsolicited: true, currentUser: "john", expected: .begin),
        Row(isSolicited: true, allowUnsolicited: false, currentUser: nil, expected: .begin),
        Row(isSolicited: true, allowUnsolicited: false, currentUser: "jane", expected: .begin),
        Row(isSolicited: true, allowUnsolicited: false, currentUser: "john", expected: .begin),
        Row(isSolicited: false, allowUnsolicited: true, currentUser: nil, expected: .begin),
        Row(isSolicited: false, allowUnsolicited: true, currentUser: "jane", expected: .begin),
        Row(isSolicited: false, allowUnsolicited: true, currentUser: "john", expected: .ask),
        Row(isSolicited: false, allowUnsolicited: false, currentUser: nil, expected: .refuse(.ssoDisabled)),
        Row(isSolicited: false, allowUnsolicited: false, currentUser: "jane", expected: .refuse(.ssoDisabled)),
        Row(isSolicited: false, allowUnsolicited: false, currentUser: "john", expected: .refuse(.ssoDisabled)),
    ]

    @Test("are made once the browser's cookies can be seen", arguments: rows)
    func decisions(_ row: Row) {
        #expect(decide(row, canSetSessionNow: true) == row.expected)
    }

    @Test("wait until then, whatever they will be", arguments: rows)
    func waiting(_ row: Row) {
        #expect(decide(row, canSetSessionNow: false) == .continueOnSameSite)
    }

    private func decide(_ row: Row, canSetSessionNow: Bool) -> SignInDecision {
        SignInDecision(
            SignInAttempt(
                isSolicited: row.isSolicited, allowUnsolicited: row.allowUnsolicited, currentUser: row.currentUser,
                newUser: "jane", canSetSessionNow: canSetSessionNow))
    }
}
