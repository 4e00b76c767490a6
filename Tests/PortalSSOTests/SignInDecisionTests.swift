import IdentityCore
import PortalSSO
import Testing

@Suite("Decisions on sign-ins")
struct SignInDecisionTests {
    struct Row: CustomTestStringConvertible {
        let initiator: SignInInitiator
        let allowUnsolicited: Bool
        let currentUser: String?
        let expected: SignInDecision

        var testDescription: String {
            "begun by \(initiator), others \(allowUnsolicited ? "allowed" : "forbidden"), "
                + "\(currentUser ?? "nobody") signed in"
        }
    }

    /// Every combination there is, for the new user `jane`.
    private static let rows: [Row] = [
        Row(initiator: .visitor, allowUnsolicited: true, currentUser: nil, expected: .begin),
        Row(initiator: .visitor, allowUnsolicited: true, currentUser: "jane", expected: .begin),
        Row(initiator: .visitor, allowUnsolicited: true, currentUser: "john", expected: .begin),
        Row(initiator: .visitor, allowUnsolicited: false, currentUser: nil, expected: .begin),
        Row(initiator: .visitor, allowUnsolicited: false, currentUser: "jane", expected: .begin),
        Row(initiator: .visitor, allowUnsolicited: false, currentUser: "john", expected: .begin),
        Row(initiator: .otherSite, allowUnsolicited: true, currentUser: nil, expected: .begin),
        Row(initiator: .otherSite, allowUnsolicited: true, currentUser: "jane", expected: .begin),
        Row(initiator: .otherSite, allowUnsolicited: true, currentUser: "john", expected: .ask),
        Row(initiator: .otherSite, allowUnsolicited: false, currentUser: nil, expected: .begin),
        Row(initiator: .otherSite, allowUnsolicited: false, currentUser: "jane", expected: .begin),
        Row(initiator: .otherSite, allowUnsolicited: false, currentUser: "john", expected: .ask),
        Row(initiator: .somebody, allowUnsolicited: true, currentUser: nil, expected: .begin),
        Row(initiator: .somebody, allowUnsolicited: true, currentUser: "jane", expected: .begin),
        Row(initiator: .somebody, allowUnsolicited: true, currentUser: "john", expected: .ask),
        Row(initiator: .somebody, allowUnsolicited: false, currentUser: nil, expected: .refuse(.ssoDisabled)),
        Row(initiator: .somebody, allowUnsolicited: false, currentUser: "jane", expected: .refuse(.ssoDisabled)),
        Row(initiator: .somebody, allowUnsolicited: false, currentUser: "john", expected: .refuse(.ssoDisabled)),
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
                initiator: row.initiator, allowUnsolicited: row.allowUnsolicited, currentUser: row.currentUser,
                newUser: "jane", canSetSessionNow: canSetSessionNow))
    }
}
