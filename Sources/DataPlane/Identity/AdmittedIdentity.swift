import HTTPMessages
import IdentityCore
import MessageAuthentication
import UserDirectory

/// A verified and admitted user, with everything that requests need of them already written.
///
/// Made once per token, then shared by all its requests on this worker.
final class AdmittedIdentity {
    let organization: Int
    let user: DirectoryUser
    let keyID: String
    /// Seconds since 1970, skew included: from then on the token is expired.
    let expiresAt: Double
    /// What rules in `report` would have refused each request for.
    let wouldReject: [RejectionCode]
    /// The identity headers, as HTTP/1.1 lines.
    let headers: [UInt8]
    /// `x-widget-profile`, as a line.
    let profileHeader: [UInt8]
    /// The answer of `/_widget/state`.
    let state: [UInt8]

    let method: VerificationMethod
    /// What clients may see of the user.
    let shownProfile: UserProfile

    private let profile: [UInt8]
    private let organizationID: String
    private var assertions: [(upstream: Int, line: [UInt8], renewAt: Double)] = []

    init(
        organization: Int, settings: OrganizationSettings, user: DirectoryUser, token: VerifiedIdentity
    ) {
        self.organization = organization
        self.user = user
        keyID = token.keyID
        expiresAt = token.expiresAt.map { $0 + Double(settings.clockSkewSeconds) } ?? .infinity
        wouldReject = token.wouldReject
        // What a plain identity says of itself isn't verified: only the directory's verified fields go on.
        let profile = token.onlyIDVerified ? user.verifiedProfile : token.profile
        method = token.method
        shownProfile = profile
        headers = IdentityHeaders.identified(
            organization: settings.id, userID: user.id, profile: profile, verifiedBy: token.method)
        self.profile = ProfileDocument.json(profile)
        var line = ByteQueue()
        IdentityHeaders.append("x-widget-profile", Base64URL.text(self.profile), to: &line)
        profileHeader = Array(line.readable)
        state = StateDocument.identified(
            organization: settings.id, userID: user.id, profile: profile, method: token.method, created: nil)
        organizationID = settings.id
    }

    /// `x-widget-assertion` for an upstream, as a line: signed when the last one has less than a minute to go.
    func assertionHeader(upstream: Int, audience: String, issuer: AssertionIssuer, now: Double) -> [UInt8] {
        if let known = assertions.first(where: { $0.upstream == upstream }), now < known.renewAt { return known.line }
        assertions.removeAll { $0.upstream == upstream }
        let assertion = issuer.assertion(
            audience: audience, subject: user.id, organization: organizationID, profile: profile,
            now: now, expiresAt: min(now + AssertionIssuer.lifetime, expiresAt))
        var line = ByteQueue()
        IdentityHeaders.append("x-widget-assertion", assertion, to: &line)
        assertions.append((upstream, Array(line.readable), now + AssertionIssuer.lifetime - 60))
        return assertions[assertions.count - 1].line
    }
}

/// What verification has found, copied out of the verifier's memory.
struct VerifiedIdentity: Sendable {
    let profile: UserProfile
    let keyID: String
    let method: VerificationMethod
    let onlyIDVerified: Bool
    let expiresAt: Double?
    let issuedAt: Double?
    let wouldReject: [RejectionCode]

    init(_ token: VerifiedToken) {
        profile = token.profile()
        keyID = token.keyID
        method = token.onlyIDVerified ? .userHash : .token
        onlyIDVerified = token.onlyIDVerified
        expiresAt = token.expiresAt
        issuedAt = token.issuedAt
        wouldReject = token.wouldReject.map(\.code)
    }
}

extension DirectoryUser {
    /// The profile without what nobody vouched for.
    var verifiedProfile: UserProfile {
        var verified = UserProfile()
        verified.externalID = profile.externalID
        if !unverified.contains("email") { verified.email = profile.email }
        if !unverified.contains("name") { verified.name = profile.name }
        if !unverified.contains("avatar_url") { verified.avatarURL = profile.avatarURL }
        if !unverified.contains("company") { verified.company = profile.company }
        return verified
    }
}
