import HTTPMessages
import IdentityCore
import MessageAuthentication
import UserDirectory

/// A verified and admitted user, with everything that requests need of them already written.
///
/// Made once per token, then shared by all its requests on all workers.
package final class AdmittedIdentity: Sendable {
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

    /// The profile as JSON.
    let profile: [UInt8]
    let organizationID: String

    init(settings: OrganizationSettings, user: DirectoryUser, token: VerifiedIdentity) {
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

    /// About what this takes in memory, with all that it owns.
    var byteCount: Int {
        // The strings of two profiles are much the same as what is written of them.
        MemoryLayout<DirectoryUser>.size + MemoryLayout<UserProfile>.size + headers.count + profileHeader.count
            + state.count
            + 3 * profile.count + 256
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
