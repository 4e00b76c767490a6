/// What an authenticated token says of its user, checked, in one shape for all dialects: ranges of the scratch memory,
/// not yet copied.
struct UserClaims {
    var externalID = ScratchRange.none
    var email = ScratchRange.none
    var name = ScratchRange.none
    var username = ScratchRange.none
    var avatarURL = ScratchRange.none
    var companyID = ScratchRange.none
    var companyName = ScratchRange.none
    var companyMRR = ScratchRange.none
    var status = ScratchRange.none
    var renewalDate = ScratchRange.none
    var renewalRisk = ScratchRange.none
    var ownerID = ScratchRange.none
    var ownerEmail = ScratchRange.none
    /// The `user_hash` of the token, as it was sent.
    var userHash = ScratchRange.none
    var privileges = PrivilegeClaims()

    init() {}

    /// Steps 5 to 8 of verification: parses the payload, now that its signature holds, and checks its times, its
    /// lifetime and the claims of the organization's dialect.
    static func read(
        _ token: AuthenticatedToken, in scratch: JSONScratch, names: ClaimNames, policy: VerificationPolicy,
        now: Double
    ) throws(Rejection) -> (UserClaims, TokenTimes) {
        guard JSONScanner.scan(token.payload, in: scratch) else { throw Rejection(.tokenMalformed) }
        let times = try TokenTimes(scratch, names: names.times, policy: policy, now: now)
        try times.checkLifetime(policy, now: now)
        let claims = try names.claims(ClaimReader(scratch: scratch), dialect: policy.dialect)
        return (claims, times)
    }

    /// How long the text of `extra` will be, braces and commas included; 0 where there are no unknown claims.
    func extraLength(in scratch: JSONScratch) -> Int {
        var length = 0
        for index in 0..<scratch.memberCount where !scratch.members[index].isKnown {
            length += Int(scratch.members[index].written.count) + 1
        }
        return length == 0 ? 0 : length + 1
    }

    /// Copies the claims into a profile.
    func profile(in scratch: JSONScratch) -> UserProfile {
        var profile = UserProfile()
        profile.externalID = scratch.string(externalID)
        profile.email = scratch.string(email)
        profile.name = scratch.string(name)
        profile.username = scratch.string(username)
        profile.avatarURL = scratch.string(avatarURL)
        profile.status = scratch.string(status)
        if !(companyID.isEmpty && companyName.isEmpty && companyMRR.isEmpty) {
            var company = UserProfile.Company()
            company.id = scratch.string(companyID)
            company.name = scratch.string(companyName)
            company.mrr = scratch.string(companyMRR)
            profile.company = company
        }
        if !(renewalDate.isEmpty && renewalRisk.isEmpty) {
            var renewal = UserProfile.Renewal()
            renewal.date = scratch.string(renewalDate)
            renewal.risk = scratch.string(renewalRisk)
            profile.renewal = renewal
        }
        if !(ownerID.isEmpty && ownerEmail.isEmpty) {
            var owner = UserProfile.Owner()
            owner.id = scratch.string(ownerID)
            owner.email = scratch.string(ownerEmail)
            profile.owner = owner
        }
        profile.extra = extra(in: scratch)
        return profile
    }

    /// The unknown claims as they are written, in one JSON object; nil where there are none or too much of them.
    private func extra(in scratch: JSONScratch) -> RawJSON? {
        let length = extraLength(in: scratch)
        guard length > 0, length <= UserProfile.maximumExtra else { return nil }
        var text: [UInt8] = []
        text.reserveCapacity(length)
        for index in 0..<scratch.memberCount where !scratch.members[index].isKnown {
            text.append(text.isEmpty ? UInt8(ascii: "{") : UInt8(ascii: ","))
            text.append(contentsOf: scratch[scratch.members[index].written])
        }
        text.append(UInt8(ascii: "}"))
        return RawJSON(text: String(decoding: text, as: UTF8.self))
    }
}

extension UserProfile {
    /// The longest text of `extra`, in bytes.
    static let maximumExtra = 4096
}
