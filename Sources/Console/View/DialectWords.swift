import IdentityCore

/// A dialect as people read it.
struct DialectWords: Sendable {
    let name: String
    /// The names of a token's claims for id, email address and name.
    let id: String
    let email: String
    let fullName: String
    /// Which claims a token must have, in a phrase.
    let claims: String

    init(_ dialect: Dialect) {
        switch dialect {
        case .productbridge:
            (name, id, email, fullName) = ("ProductBridge", "id", "email", "name")
            claims = "email is required, id and name may be there"
        case .productlift:
            (name, id, email, fullName) = ("ProductLift", "uid", "email", "name")
            claims = "email, uid and name are required"
        case .sleekplan:
            (name, id, email, fullName) = ("Sleekplan", "id", "mail", "full_name")
            claims = "mail is required, id and full_name may be there"
        case .uservoice:
            (name, id, email, fullName) = ("UserVoice", "guid", "email", "display_name")
            claims = "guid and email are required, display_name may be there"
        case .userorbit:
            (name, id, email, fullName) = ("Userorbit", "id", "email", "name")
            claims = "email is required, id and name may be there"
        }
    }
}
