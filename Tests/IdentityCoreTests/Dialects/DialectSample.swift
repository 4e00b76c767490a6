import IdentityCore

extension Sample {
    /// A policy as an organization of this dialect has it before anybody changes a setting.
    static func policy(of dialect: Dialect, _ change: (inout VerificationPolicy) -> Void = { _ in })
        -> VerificationPolicy
    {
        var policy = VerificationPolicy()
        policy.dialect = dialect
        if dialect == .productbridge { policy.maxTokenLifetimeSeconds = 3600 }
        change(&policy)
        return policy
    }
}

extension Dialect {
    /// Verifies a rightly signed token with these claims, the members of a JSON object.
    func outcome(_ claims: String) -> Outcome { IdentityCoreTests.outcome(payload: "{\(claims)}", policy: policy) }

    /// The same with the claims that are required.
    func with(_ claims: String) -> Outcome { outcome(required + (claims.isEmpty ? "" : ",") + claims) }

    /// Verifies a token and hands what was accepted to `body`.
    func accepting<Result>(_ claims: String, _ body: (VerifiedToken) -> Result) -> Result? {
        let verifier = TokenVerifier()
        let keys = OrganizationKeys(api: Sample.api, userHash: [])
        return Array(Sample.token("{\(required),\(claims)}").utf8).withUnsafeBytes {
            guard case .accept(let token) = verifier.verify($0, keys: keys, policy: policy, now: Sample.now) else {
                return nil
            }
            return body(token)
        }
    }

    var policy: VerificationPolicy { Sample.policy(of: self) }

    /// The members that a token can't do without.
    var required: String {
        switch self {
        case .productbridge, .userorbit: #""email":"a@b.c""#
        case .productlift: #""email":"a@b.c","uid":"1","name":"Jane""#
        case .sleekplan: #""mail":"a@b.c""#
        case .uservoice: #""guid":"1","email":"a@b.c""#
        }
    }

    /// What `required` comes to.
    var requiredProfile: UserProfile {
        var profile = UserProfile()
        profile.email = "a@b.c"
        if self == .productlift || self == .uservoice { profile.externalID = "1" }
        if self == .productlift { profile.name = "Jane" }
        return profile
    }

    /// The claim with the user's id, where `required` doesn't have it already.
    var idClaim: String {
        switch self {
        case .productbridge, .sleekplan, .userorbit: "id"
        case .productlift: "uid"
        case .uservoice: "guid"
        }
    }
}

/// A JSON text of `count` letters.
func letters(_ count: Int) -> String { "\"\(String(repeating: "x", count: count))\"" }

/// What isn't a text in JSON, and isn't null.
let noTexts = ["1", "1.5", "true", "false", "[]", #"["x"]"#, "{}", #"{"x":"y"}"#]
/// Texts that no header and no store can carry as an id.
let unfitTexts = [#""a\nb""#, #""a\u0000""#, #"" 1""#, #""1 ""#, #""\u0085x""#]
