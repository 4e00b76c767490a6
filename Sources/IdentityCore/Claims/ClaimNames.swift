/// Every name that verification looks up, hashed once for each verifier.
final class ClaimNames {
    let header = HeaderNames()
    let times = TimeNames()
    let userHash = ClaimName("user_hash")
    /// Tells one token from another, not one user from another: no part of a profile.
    let tokenID = ClaimName("jti")

    let productbridge = ProductBridge()

    /// Reads what the dialect knows and marks it known: the rest is extra.
    func claims(_ reader: ClaimReader, dialect: Dialect) throws(Rejection) -> UserClaims {
        var claims: UserClaims
        switch dialect {
        case .productbridge: claims = try productbridge.claims(reader)
        case .productlift, .sleekplan, .uservoice, .userorbit:
            // Not spoken yet: nothing that they sign is understood, so nothing is accepted.
            throw Rejection(.tokenClaimInvalid, claim: "dialect")
        }
        claims.userHash = try hash(reader)
        reader.ignore(tokenID)
        return claims
    }

    /// The user's id alone, under the name that the dialect has for it.
    func subject(_ reader: ClaimReader, dialect: Dialect) throws(Rejection) -> ScratchRange {
        switch dialect {
        case .productbridge: try reader.identifier(productbridge.id)
        case .productlift, .sleekplan, .uservoice, .userorbit:
            throw Rejection(.tokenClaimInvalid, claim: "dialect")
        }
    }

    /// The text of `user_hash`. How long it may be is no matter of form: one of another length is a wrong one.
    func hash(_ reader: ClaimReader) throws(Rejection) -> ScratchRange {
        try reader.text(userHash, upTo: JSONScratch.maximumText)
    }
}
