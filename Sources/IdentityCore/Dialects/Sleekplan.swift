/// The claims of `sleekplan`.
///
/// `mail` is required. `name` is the handle that its users have on the portal, `full_name` what people are called.
final class Sleekplan {
    let id = ClaimName("id")
    private let mail = ClaimName("mail")
    private let name = ClaimName("name")
    private let fullName = ClaimName("full_name")
    private let image = ClaimName("img")
    private let weight = ClaimName("weight")
    private let meta = ClaimName("meta")

    /// Reads the claims. Throws `token_claim_missing` or `token_claim_invalid` for the first that is at fault: the
    /// required one first, then in the order below.
    func claims(_ reader: ClaimReader) throws(Rejection) -> UserClaims {
        var claims = UserClaims()
        claims.email = try reader.email(mail)
        try reader.require(claims.email, mail)
        claims.externalID = try reader.identifier(id)
        claims.username = try reader.handle(name)
        claims.name = try reader.text(fullName)
        claims.avatarURL = try reader.text(image, upTo: ClaimReader.maximumURL)
        claims.weight = try reader.wholeNumber(weight, in: 1...10)
        claims.meta = try reader.object(meta)
        return claims
    }
}
