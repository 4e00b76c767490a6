import IdentityCore
import UserDirectory

/// A rule as people read it.
struct RuleWords: Sendable {
    let name: String
    /// What carries what the rule wants.
    let satisfied: String
    /// Who is counted.
    let people: String

    init(_ rule: EnforcementRule) {
        switch rule {
        case .requireIdentify:
            name = "Require identify"
            satisfied = "say who they are"
            people = "addresses"
        case .requireUserHash:
            name = "Require user hash"
            satisfied = "carry a good user hash"
            people = "users"
        case .updateOnly:
            name = "Update only"
            satisfied = "are of known users"
            people = "users"
        }
    }

    /// - Parameter setting: `EnforcementRule.setting`.
    init?(setting: String) {
        switch setting {
        case "require_identify": self.init(.requireIdentify)
        case "require_user_hash": self.init(.requireUserHash)
        case "identify_mode": self.init(.updateOnly)
        default: return nil
        }
    }

    /// `1 user`, `3 addresses`.
    func people(_ count: Int) -> String {
        let one = people == "addresses" ? "address" : "user"
        return "\(count.grouped) \(count == 1 ? one : people)"
    }

    /// Why a request would be refused, by its code, in words; the code itself where there are none.
    static func reason(_ code: String) -> String {
        switch RejectionCode(rawValue: code) {
        case .identifyRequired: "came without a token or a session"
        case .userHashMissing: "the token has no user hash"
        case .userHashSubjectMissing: "the token has no id that a hash could be of"
        case .userHashMismatch: "the hash is not of the token’s own id"
        case .userUnknown: "the directory doesn’t know the user"
        default: code
        }
    }
}
