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
    var companyARR = ScratchRange.none
    var companyLTV = ScratchRange.none
    var companyPlan = ScratchRange.none
    var status = ScratchRange.none
    var renewalDate = ScratchRange.none
    var renewalRisk = ScratchRange.none
    var ownerID = ScratchRange.none
    var ownerEmail = ScratchRange.none
    var locale = ScratchRange.none
    var role = ScratchRange.none
    /// JSON as it is written: an object, and two arrays of ids.
    var meta = ScratchRange.none
    var allowForums = ScratchRange.none
    var denyForums = ScratchRange.none
    /// The `user_hash` of the token, as it was sent.
    var userHash = ScratchRange.none
    /// From 1 to 10; 0 where it is absent.
    var weight: UInt8 = 0
    /// The number of the last segment that there is; they are looked up anew when they are copied.
    var segmentCount: UInt8 = 0
    var updates: Bool?
    var commentUpdates: Bool?
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
    func profile(in scratch: JSONScratch, names: ClaimNames) -> UserProfile {
        var profile = UserProfile()
        profile.externalID = scratch.string(externalID)
        profile.email = scratch.string(email)
        profile.name = scratch.string(name)
        profile.username = scratch.string(username)
        profile.avatarURL = scratch.string(avatarURL)
        profile.locale = scratch.string(locale)
        profile.company = company(in: scratch)
        if segmentCount > 0 { profile.segments = names.productlift.segments(segmentCount, in: scratch) }
        if weight > 0 { profile.weight = Int(weight) }
        profile.status = scratch.string(status)
        profile.renewal = renewal(in: scratch)
        profile.owner = owner(in: scratch)
        profile.role = scratch.string(role)
        profile.forums = forums(in: scratch)
        profile.preferences = preferences
        profile.meta = scratch.string(meta).map(RawJSON.init)
        profile.extra = extra(in: scratch)
        return profile
    }

    private func company(in scratch: JSONScratch) -> UserProfile.Company? {
        var company = UserProfile.Company()
        company.id = scratch.string(companyID)
        company.name = scratch.string(companyName)
        company.plan = scratch.string(companyPlan)
        company.mrr = scratch.string(companyMRR)
        company.arr = scratch.string(companyARR)
        company.ltv = scratch.string(companyLTV)
        return company == UserProfile.Company() ? nil : company
    }

    private func renewal(in scratch: JSONScratch) -> UserProfile.Renewal? {
        guard !(renewalDate.isEmpty && renewalRisk.isEmpty) else { return nil }
        var renewal = UserProfile.Renewal()
        renewal.date = scratch.string(renewalDate)
        renewal.risk = scratch.string(renewalRisk)
        return renewal
    }

    private func owner(in scratch: JSONScratch) -> UserProfile.Owner? {
        guard !(ownerID.isEmpty && ownerEmail.isEmpty) else { return nil }
        var owner = UserProfile.Owner()
        owner.id = scratch.string(ownerID)
        owner.email = scratch.string(ownerEmail)
        return owner
    }

    private func forums(in scratch: JSONScratch) -> UserProfile.Forums? {
        guard !(allowForums.isEmpty && denyForums.isEmpty) else { return nil }
        var forums = UserProfile.Forums()
        forums.allow = IdentifierList(array: allowForums, scratch: scratch).texts
        forums.deny = IdentifierList(array: denyForums, scratch: scratch).texts
        return forums
    }

    private var preferences: UserProfile.Preferences? {
        guard updates != nil || commentUpdates != nil else { return nil }
        var preferences = UserProfile.Preferences()
        preferences.updates = updates
        preferences.commentUpdates = commentUpdates
        return preferences
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
