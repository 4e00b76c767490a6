/// Words for claims that are missing, or that aren't what they should be.
struct ClaimWords {
    let scratch: JSONScratch
    let names: ClaimNames
    let dialect: Dialect

    func describe(_ rejection: Rejection) -> Finding {
        let name = rejection.claim?.description ?? ""
        let claim = name.isEmpty ? "A claim" : "'\(name)'"
        guard rejection.code == .tokenClaimMissing else {
            return Finding(
                "\(claim) has a value that it can't have.", remedy: form(of: name).map { "It must be \($0)." })
        }
        return Finding("\(claim) is required and missing.", remedy: missing(name))
    }

    /// What to do where a required claim isn't there.
    private func missing(_ claim: String) -> String {
        var sentences: [String] = []
        if let other = otherName(for: claim) {
            sentences.append("The token has '\(other)': here that claim is called '\(claim)'.")
        } else {
            sentences.append("Add it to the token; null and an empty text count as missing.")
        }
        if let other = otherDialect() {
            sentences.append(
                "These look like \(other.rawValue)'s claims, and this organization's dialect is \(dialect.rawValue): "
                    + "change the names, or the dialect.")
        }
        return sentences.joined(separator: " ")
    }

    /// What other dialects call the same thing, where the token has that.
    private func otherName(for claim: String) -> String? {
        let same = ClaimWords.sameThings.first { $0.contains { $0.description == claim } } ?? []
        return same.first { $0.description != claim && isSaid(ClaimName($0)) }?.description
    }

    /// The dialect that the claims fit, the one with the most peculiar names first.
    private func otherDialect() -> Dialect? {
        let reader = ClaimReader(scratch: scratch)
        return [Dialect.uservoice, .productlift, .sleekplan, .userorbit, .productbridge].first { other in
            guard other != dialect, (try? names.claims(reader, dialect: other)) != nil else { return false }
            // Their required claims are the same: only a name of its own tells userorbit from productbridge.
            return other != .userorbit || isSaid(ClaimName("avatarUrl")) || isSaid(ClaimName("plan"))
        }
    }

    private func isSaid(_ claim: ClaimName) -> Bool {
        guard let member = scratch.member(claim)?.pointee else { return false }
        return member.kind != .null && !(member.kind == .string && member.value.isEmpty)
    }

    private static let sameThings: [[StaticString]] = [
        ["email", "mail", "email_address"], ["uid", "guid", "id", "sub", "user_id"],
        ["name", "display_name", "full_name"],
    ]

    /// What a claim must be.
    private func form(of claim: String) -> String? {
        switch claim {
        case "email", "mail", "account_owner_email":
            "an email address as text, at most 320 bytes, without spaces around it"
        case "id", "uid", "guid", "company_id", "account_owner_id", "external_user_id":
            "a text without control characters or spaces around it, or a whole number without fraction and exponent"
        case "company_mrr", "mrr", "arr", "ltv": "a number, or a text that is one: 10.99"
        case "renewal_date": "a date such as 2030-12-31"
        case "renewal_risk": "low, medium or high"
        case "weight": "a whole number from 1 to 10"
        case "meta": "a JSON object of at most 4 KiB"
        case "locale": "one of the dialect's languages, such as en or pt_BR"
        case "trusted", "updates", "comment_updates": "true or false"
        case "owner", "admin": "accept or deny"
        case "allow_forums", "deny_forums": "an array of ids"
        case "name" where dialect == .sleekplan:
            "made of lower-case letters and digits; what people are called goes into 'full_name'"
        case "avatarURL", "avatar_url", "avatarUrl", "img", "url": "a text of at most 2048 bytes"
        case "": nil
        default: "a text of at most 1024 bytes"
        }
    }
}
