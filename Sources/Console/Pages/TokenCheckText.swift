import ControlPlane
import IdentityCore
import UserDirectory

/// What came of a check, as the token checker's template shows it.
struct TokenCheckText: Sendable {
    struct Step: Sendable {
        let title: String
        /// `ok`, `failed` or `skipped`: a class of the style sheet.
        let outcome: String
        let outcomeWord: String
        let words: String
        let remedy: String?
    }

    struct Time: Sendable {
        let name: String
        let meaning: String
        let written: String
        /// Nil where it can't be read as a moment.
        let moment: MomentText?
        /// The moment that was meant, of milliseconds.
        let meant: MomentText?
    }

    struct Vouching: Sendable {
        let name: String
        let address: String
    }

    let isAccepted: Bool
    let guide: CodeGuide?
    /// How to mend what failed: what this token shows, else what the code says in general.
    let advice: String?
    let at: MomentText
    let notes: [String]
    let vouching: Vouching?
    let steps: [Step]
    let header: [Fact]
    let keyID: String?
    let keys: String
    let times: [Time]
    let claims: ClaimFacts?
    let dialect: String
    let privileges: [Fact]
    let warnings: [String]
    let wouldReject: [CodeGuide]
    let widgetAuth: String

    init(_ check: TokenCheck, _ pasted: PastedToken, _ call: ConsoleCall) {
        let explanation = check.explanation
        isAccepted = explanation.rejection == nil
        guide = explanation.rejection.map { CodeGuide($0.code) }
        let failed = explanation.steps.first { $0.outcome == .failed }
        advice = isAccepted ? nil : failed?.remedy ?? guide?.remedy
        at = MomentText(check.at, now: call.now)
        var notes: [String] = []
        if let removed = pasted.removed {
            notes.append("Taken off before it was checked: \(removed). The gateway doesn't do so.")
        }
        if check.isTrimmed {
            notes.append("White space stood around it, with which the gateway would have refused it.")
        }
        self.notes = notes
        vouching = check.organizationThatVouches.map {
            Vouching(name: $0, address: ConsoleAddress.organization($0, OrganizationTab.tokenChecker.rawValue))
        }
        steps = explanation.steps.map { Self.step($0) }
        let written = explanation.header
        header = [("alg", written?.algorithm), ("kid", written?.keyID), ("typ", written?.type)].compactMap {
            term, value in value.map { Fact(label: term, text: $0) }
        }
        keyID = explanation.keyID
        keys = call.address(OrganizationTab.secrets.rawValue)
        times = explanation.times.map { Self.time($0, now: check.at) }
        claims = explanation.profile.map { ClaimFacts($0) }
        dialect = check.settings.dialect.rawValue
        privileges = check.settings.dialect == .uservoice ? Self.privileges(explanation) : []
        warnings = explanation.warnings.names.map { TokenLogRow.warning($0) }
        wouldReject = explanation.wouldReject.map { CodeGuide($0.code) }
        widgetAuth = call.address(OrganizationTab.widgetAuth.rawValue)
    }

    private static func step(_ step: TokenExplanation.Step) -> Step {
        Step(
            title: title(ofStep: step.name), outcome: step.outcome.rawValue,
            outcomeWord: step.outcome == .ok ? "passed" : step.outcome.rawValue, words: step.words,
            remedy: step.remedy)
    }

    private static func title(ofStep name: String) -> String {
        switch name {
        case "size": "Size"
        case "segments": "Three segments"
        case "header": "Header"
        case "signature": "Signature"
        case "payload": "Payload"
        case "time": "Times"
        case "lifetime": "Lifetime"
        case "claims": "Claims"
        case "user_hash": "User hash"
        default: name
        }
    }

    private static func time(_ time: TokenExplanation.TimeClaim, now: Double) -> Time {
        let meaning =
            switch time.name {
            case "exp", "expires": "expires"
            case "nbf": "not before"
            case "iat": "issued at"
            default: ""
            }
        return Time(
            name: time.name, meaning: meaning, written: time.written,
            moment: time.looksLikeMilliseconds ? nil : MomentText(time.moment, now: now),
            meant: time.looksLikeMilliseconds ? MomentText(time.moment.map { $0 / 1000 }, now: now) : nil)
    }

    private static func privileges(_ explanation: TokenExplanation) -> [Fact] {
        guard explanation.profile != nil else { return [] }
        func word(_ claim: PrivilegeClaims.Claim) -> String { claim == .absent ? "not said" : claim.rawValue }
        let said = explanation.privileges
        return [
            Fact(label: "trusted", text: said.isTrusted ? "yes" : "no"), Fact(label: "admin", text: word(said.admin)),
            Fact(label: "owner", text: word(said.owner)),
        ]
    }
}
