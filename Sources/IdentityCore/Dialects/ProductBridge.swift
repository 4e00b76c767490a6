/// The claims of `productbridge`, the default dialect.
///
/// `email` is required. `external_user_id` has no place in the profile beside `id`: it is checked to be an identifier
/// and kept in `extra`, and it never stands in for an absent `id`.
final class ProductBridge {
    let id = ClaimName("id")
    private let email = ClaimName("email")
    private let name = ClaimName("name")
    private let avatarURL = ClaimName("avatarURL")
    private let companyID = ClaimName("company_id")
    private let companyName = ClaimName("company_name")
    private let companyMRR = ClaimName("company_mrr")
    private let customerStatus = ClaimName("customer_status")
    private let renewalDate = ClaimName("renewal_date")
    private let renewalRisk = ClaimName("renewal_risk")
    private let ownerID = ClaimName("account_owner_id")
    private let ownerEmail = ClaimName("account_owner_email")
    private let externalUserID = ClaimName("external_user_id")

    private let risks: [StaticString] = ["low", "medium", "high"]

    /// Reads the claims. Throws `token_claim_missing` or `token_claim_invalid` for the first that is at fault: the
    /// required one first, then in the order below.
    func claims(_ reader: ClaimReader) throws(Rejection) -> UserClaims {
        var claims = UserClaims()
        claims.email = try reader.email(email)
        try reader.require(claims.email, email)
        claims.externalID = try reader.identifier(id)
        claims.name = try reader.text(name)
        claims.avatarURL = try reader.text(avatarURL, upTo: ClaimReader.maximumURL)
        claims.companyName = try reader.text(companyName)
        claims.companyID = try reader.identifier(companyID)
        claims.companyMRR = try reader.amount(companyMRR)
        claims.status = try reader.text(customerStatus)
        claims.renewalDate = try reader.date(renewalDate)
        claims.renewalRisk = try reader.word(renewalRisk, oneOf: risks)
        claims.ownerID = try reader.identifier(ownerID)
        claims.ownerEmail = try reader.email(ownerEmail)
        if !(try reader.identifier(externalUserID)).isEmpty { reader.keepAsExtra(externalUserID) }
        return claims
    }
}
