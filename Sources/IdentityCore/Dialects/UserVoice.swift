/// The claims of `uservoice`, but for `expires`, which is one of its token's times.
///
/// `guid` and `email` are required. `url` has no place in the profile: it is checked to be a text and kept in `extra`.
/// What a user has whose first token doesn't say, `anonymous` for a name among it, is `Dialect.newUser`.
final class UserVoice {
    let id = ClaimName("guid")
    private let email = ClaimName("email")
    private let displayName = ClaimName("display_name")
    private let locale = ClaimName("locale")
    private let trusted = ClaimName("trusted")
    private let owner = ClaimName("owner")
    private let admin = ClaimName("admin")
    private let allowForums = ClaimName("allow_forums")
    private let denyForums = ClaimName("deny_forums")
    private let url = ClaimName("url")
    private let avatarURL = ClaimName("avatar_url")
    private let updates = ClaimName("updates")
    private let commentUpdates = ClaimName("comment_updates")

    private let locales: [StaticString] = [
        "ar", "bg", "cn", "cz", "da", "de", "en", "es", "et", "fi", "fr", "fr-CA", "he", "hr", "it", "ja", "lv", "nl",
        "no_NB", "pl", "pt", "pt_BR", "ro", "ru", "sk", "sl", "sr", "sr-Latn", "sv-SE", "tr", "zh-TW",
    ]
    private let verdicts: [StaticString] = ["accept", "deny"]

    /// Reads the claims. Throws `token_claim_missing` or `token_claim_invalid` for the first that is at fault: the
    /// required ones first, then in the order below.
    func claims(_ reader: ClaimReader) throws(Rejection) -> UserClaims {
        var claims = UserClaims()
        claims.externalID = try reader.identifier(id)
        try reader.require(claims.externalID, id)
        claims.email = try reader.email(email)
        try reader.require(claims.email, email)
        claims.name = try reader.text(displayName)
        claims.locale = try reader.word(locale, oneOf: locales)
        claims.privileges.isTrusted = try reader.boolean(trusted) ?? false
        claims.privileges.owner = try privilege(owner, reader)
        claims.privileges.admin = try privilege(admin, reader)
        claims.allowForums = try reader.identifiers(allowForums)
        claims.denyForums = try reader.identifiers(denyForums)
        if !(try reader.text(url, upTo: ClaimReader.maximumURL)).isEmpty { reader.keepAsExtra(url) }
        claims.avatarURL = try reader.text(avatarURL, upTo: ClaimReader.maximumURL)
        claims.updates = try reader.boolean(updates)
        claims.commentUpdates = try reader.boolean(commentUpdates)
        return claims
    }

    private func privilege(_ claim: ClaimName, _ reader: ClaimReader) throws(Rejection) -> PrivilegeClaims.Claim {
        switch reader.scratch[try reader.word(claim, oneOf: verdicts)].first {
        case nil: .absent
        case UInt8(ascii: "a"): .accept
        default: .deny
        }
    }
}
