/// Every name that verification looks up, hashed once for each verifier.
final class ClaimNames {
    let header = HeaderNames()
    let times = TimeNames()
    let userHash = ClaimName("user_hash")
    /// Tells one token from another, not one user from another: no part of a profile.
    let tokenID = ClaimName("jti")

    let productbridge = ProductBridge()
    let productlift = ProductLift()
    let sleekplan = Sleekplan()
    let uservoice = UserVoice()
    let userorbit = UserOrbit()

    /// Reads what the dialect knows and marks it known: the rest is extra.
    func claims(_ reader: ClaimReader, dialect: Dialect) throws(Rejection) -> UserClaims {
        var claims =
            switch dialect {
            case .productbridge: try productbridge.claims(reader)
            case .productlift: try productlift.claims(reader)
            case .sleekplan: try sleekplan.claims(reader)
            case .uservoice: try uservoice.claims(reader)
            case .userorbit: try userorbit.claims(reader)
            }
        claims.userHash = try hash(reader)
        reader.ignore(tokenID)
        return claims
    }

    /// The user's id alone, under the name that the dialect has for it.
    func subject(_ reader: ClaimReader, dialect: Dialect) throws(Rejection) -> ScratchRange {
        switch dialect {
        case .productbridge: try reader.identifier(productbridge.id)
        case .productlift: try reader.identifier(productlift.id)
        case .sleekplan: try reader.identifier(sleekplan.id)
        case .uservoice: try reader.identifier(uservoice.id)
        case .userorbit: try reader.identifier(userorbit.id)
        }
    }

    /// The text of `user_hash`. How long it may be is no matter of form: one of another length is a wrong one.
    func hash(_ reader: ClaimReader) throws(Rejection) -> ScratchRange {
        try reader.text(userHash, upTo: JSONScratch.maximumText)
    }
}
