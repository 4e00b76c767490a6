/// The claims of `productlift`.
///
/// `email`, `uid` and `name` are required.
final class ProductLift {
    let id = ClaimName("uid")
    private let email = ClaimName("email")
    private let name = ClaimName("name")
    private let avatarURL = ClaimName("avatar_url")
    private let company = ClaimName("company")
    private let mrr = ClaimName("mrr")
    private let arr = ClaimName("arr")
    private let ltv = ClaimName("ltv")
    private let segments: [ClaimName] = [
        ClaimName("segment_1"), ClaimName("segment_2"), ClaimName("segment_3"), ClaimName("segment_4"),
        ClaimName("segment_5"), ClaimName("segment_6"), ClaimName("segment_7"), ClaimName("segment_8"),
        ClaimName("segment_9"), ClaimName("segment_10"),
    ]

    /// Reads the claims. Throws `token_claim_missing` or `token_claim_invalid` for the first that is at fault: the
    /// required ones first, then in the order below.
    func claims(_ reader: ClaimReader) throws(Rejection) -> UserClaims {
        var claims = UserClaims()
        claims.email = try reader.email(email)
        try reader.require(claims.email, email)
        claims.externalID = try reader.identifier(id)
        try reader.require(claims.externalID, id)
        claims.name = try reader.text(name)
        try reader.require(claims.name, name)
        claims.avatarURL = try reader.text(avatarURL, upTo: ClaimReader.maximumURL)
        claims.companyName = try reader.text(company)
        claims.companyMRR = try reader.amount(mrr)
        claims.companyARR = try reader.amount(arr)
        claims.companyLTV = try reader.amount(ltv)
        for index in 0..<segments.count where !(try reader.text(segments[index])).isEmpty {
            claims.segmentCount = UInt8(index + 1)
        }
        return claims
    }

    /// The first `count` segments of claims that have been checked, in their own places: one that isn't said, with
    /// another after it, is an empty text.
    func segments(_ count: UInt8, in scratch: JSONScratch) -> [String] {
        segments.prefix(Int(count)).map { claim in
            guard let member = scratch.member(claim)?.pointee, member.kind == .string else { return "" }
            return scratch.string(member.value) ?? ""
        }
    }
}
