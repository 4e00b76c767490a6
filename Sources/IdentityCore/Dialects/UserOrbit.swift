/// The claims of `userorbit`.
///
/// `email` is required. `role` is what the customer calls the user, no right on the portal.
final class UserOrbit {
    let id = ClaimName("id")
    private let email = ClaimName("email")
    private let name = ClaimName("name")
    private let avatarURL = ClaimName("avatarUrl")
    private let company = ClaimName("company")
    private let plan = ClaimName("plan")
    private let role = ClaimName("role")

    /// Reads the claims. Throws `token_claim_missing` or `token_claim_invalid` for the first that is at fault: the
    /// required one first, then in the order below.
    func claims(_ reader: ClaimReader) throws(Rejection) -> UserClaims {
        var claims = UserClaims()
        claims.email = try reader.email(email)
        try reader.require(claims.email, email)
        claims.externalID = try reader.identifier(id)
        claims.name = try reader.text(name)
        claims.avatarURL = try reader.text(avatarURL, upTo: ClaimReader.maximumURL)
        claims.companyName = try reader.text(company)
        claims.companyPlan = try reader.text(plan)
        claims.role = try reader.text(role)
        return claims
    }
}
