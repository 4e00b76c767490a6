import HTTPMessages
import IdentityCore
import UserDirectory

/// A verified and admitted user, with everything that requests need of them already written.
///
/// Made once per token, then shared by all its requests on all workers. There may be millions: what there is to say of a
/// user lies in one run of bytes, headers, state, profile and id one behind the other.
package final class AdmittedIdentity: Sendable {
    /// Seconds since 1970, skew included: from then on the token is expired.
    let expiresAt: Double
    /// What rules in `report` would have refused each request for.
    let wouldReject: [RejectionCode]
    let organizationID: String

    private let bytes: [UInt8]
    private let headersEnd: UInt32
    private let stateEnd: UInt32
    private let profileEnd: UInt32

    init(settings: OrganizationSettings, user: DirectoryUser, token: VerifiedIdentity) {
        expiresAt = token.expiresAt.map { $0 + Double(settings.clockSkewSeconds) } ?? .infinity
        wouldReject = token.wouldReject
        organizationID = settings.id
        // What a plain identity says of itself isn't verified: only the directory's verified fields go on.
        let profile = token.onlyIDVerified ? user.verifiedProfile : token.profile
        let headers = IdentityHeaders.identified(
            organization: settings.id, userID: user.id, profile: profile, verifiedBy: token.method)
        let state = StateDocument.identified(
            organization: settings.id, userID: user.id, profile: profile, method: token.method)
        let profileText = ProfileDocument.json(profile)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(headers.count + state.count + profileText.count + user.id.utf8.count)
        bytes += headers
        headersEnd = UInt32(bytes.count)
        bytes += state
        stateEnd = UInt32(bytes.count)
        bytes += profileText
        profileEnd = UInt32(bytes.count)
        bytes += user.id.utf8
        self.bytes = bytes
    }

    /// Lends the identity headers, as HTTP/1.1 lines.
    func withHeaders<Result>(_ body: (Bytes) -> Result) -> Result { lend(0, headersEnd, body) }

    /// Lends the answer of `/_widget/state`.
    func withState<Result>(_ body: (Bytes) -> Result) -> Result { lend(headersEnd, stateEnd, body) }

    /// The profile as JSON.
    var profile: [UInt8] { lend(stateEnd, profileEnd) { Array($0) } }

    /// The directory's id of the user.
    var userID: String { lend(profileEnd, UInt32(bytes.count)) { $0.string } }

    /// About what this takes in memory, with all that it owns.
    var byteCount: Int { 128 + bytes.capacity + wouldReject.capacity }

    private func lend<Result>(_ start: UInt32, _ end: UInt32, _ body: (Bytes) -> Result) -> Result {
        bytes.withUnsafeBytes { body($0.part(Int(start), Int(end))) }
    }
}
