import HTTPMessages
import IdentityCore
import UserDirectory
package import VerificationCache

/// A verified and admitted user, with everything that requests need of them already written.
///
/// Made once per token, then shared by all its requests on all workers. There may be millions: the object and all that it
/// says are one allocation, which the cache refers to as it is. Behind the head lie the identity headers, the answer of
/// `/_widget/state`, and the rest of the profile; what is part of another text is lent from there.
///
/// Never changed after it is made (the cache's record apart), though not `Sendable` by name: no `ManagedBuffer` is.
package final class AdmittedIdentity: ManagedBuffer<AdmittedIdentityHead, UInt8>, CacheableValue {
    /// Writes down what requests need of a user who has been verified and admitted.
    convenience init(settings: OrganizationSettings, user: DirectoryUser, token: VerifiedIdentity) {
        // The directory has all that the token says and that counts, and what else somebody vouched for.
        let profile = user.verifiedProfile
        self.init(
            organizationID: settings.id, userID: user.id, profile: profile, method: token.method,
            expiresAt: token.expiresAt.map { $0 + Double(settings.clockSkewSeconds) } ?? .infinity,
            rare: RareIdentityFacts(wouldReject: token.wouldReject, user: user), hasUserHash: token.hasUserHash)
    }

    /// `expiresAt` is in seconds since 1970, skew included. Without anything rare to say, `rare` is nil.
    convenience init(
        organizationID: String, userID: String, profile: UserProfile, method: VerificationMethod, expiresAt: Double,
        rare: RareIdentityFacts?, hasUserHash: Bool = false
    ) {
        let texts = IdentityTexts(organizationID: organizationID, userID: userID, profile: profile, method: method)
        let buffer = AdmittedIdentity.create(minimumCapacity: texts.bytes.count) { _ in
            AdmittedIdentityHead(texts: texts, expiresAt: expiresAt, rare: rare, hasUserHash: hasUserHash)
        }
        buffer.withUnsafeMutablePointerToElements { start in
            texts.bytes.withUnsafeBufferPointer { bytes in
                if let source = bytes.baseAddress { start.initialize(from: source, count: bytes.count) }
            }
        }
        self.init(made: unsafeDowncast(buffer, to: AdmittedIdentity.self))
    }

    /// Seconds since 1970, skew included: from then on the token is expired.
    var expiresAt: Double { header.expiresAt }

    /// The token came with a user hash, which held.
    var hasUserHash: Bool { header.hasUserHash }

    /// What rules in `report` would have refused each request for.
    var wouldReject: [RejectionCode] { header.rare?.wouldReject ?? [] }

    /// What few identities have; nil where there is nothing.
    var rare: RareIdentityFacts? { header.rare }

    var organizationID: String { lend(header.texts.organization) { $0.string } }

    /// The directory's id of the user.
    var userID: String { lend(header.texts.userID) { $0.string } }

    /// Lends the directory's id of the user.
    func withUserID<Result>(_ body: (Bytes) -> Result) -> Result { lend(header.texts.userID, body) }

    /// Lends the identity headers, as HTTP/1.1 lines.
    func withHeaders<Result>(_ body: (Bytes) -> Result) -> Result { lend(header.texts.headers, body) }

    /// Lends the answer of `/_widget/state`.
    func withState<Result>(_ body: (Bytes) -> Result) -> Result { lend(header.texts.state, body) }

    /// The profile as JSON.
    var profile: [UInt8] {
        lend(header.texts.profileStart) { start in
            lend(header.texts.profileRest) { [UInt8(ascii: "{")] + Array(start) + Array($0) }
        }
    }

    /// What this takes in memory, with all that it owns and malloc's share.
    var byteCount: Int {
        let start = UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque())
        // The capacity counts what malloc has given beyond what was asked for; malloc's own head comes before.
        let usable = withUnsafeMutablePointerToElements { UnsafeRawPointer($0) - start } + capacity
        return usable + MemoryLayout<Int>.size + (header.rare?.byteCount ?? 0)
    }

    package var cacheRecord: UnsafeMutablePointer<CacheRecord> {
        withUnsafeMutablePointerToHeader {
            UnsafeMutableRawPointer($0).assumingMemoryBound(to: CacheRecord.self)
        }
    }

    private func lend<Result>(_ range: TextRange, _ body: (Bytes) -> Result) -> Result {
        withUnsafeMutablePointerToElements {
            body(Bytes(start: $0 + Int(range.start), count: Int(range.count)))
        }
    }
}

/// What precedes an identity's texts.
package struct AdmittedIdentityHead {
    /// First, where the cache looks for it.
    private let cache = CacheRecord()
    fileprivate let expiresAt: Double
    fileprivate let rare: RareIdentityFacts?
    fileprivate let hasUserHash: Bool
    fileprivate let texts: IdentityTexts.Places

    fileprivate init(texts: IdentityTexts, expiresAt: Double, rare: RareIdentityFacts?, hasUserHash: Bool) {
        self.texts = texts.places
        self.expiresAt = expiresAt
        self.rare = rare
        self.hasUserHash = hasUserHash
    }
}

/// What is to be said of few identities, and so isn't part of each.
final class RareIdentityFacts: Sendable {
    /// What rules in `report` would have refused each request for.
    let wouldReject: [RejectionCode]
    /// What the user's customer says of forums.
    let forums: UserProfile.Forums?
    /// Whether the user administers the portal: an owner does.
    let isAdmin: Bool

    /// Nil where there is nothing to say.
    init?(wouldReject: [RejectionCode], user: DirectoryUser) {
        let forums = user.unverified.contains("forums") ? nil : user.profile.forums
        guard !wouldReject.isEmpty || forums != nil || user.role != .user else { return nil }
        self.wouldReject = wouldReject
        self.forums = forums
        isAdmin = user.role != .user
    }

    /// About what this takes in memory.
    var byteCount: Int {
        let ids = (forums?.allow ?? []) + (forums?.deny ?? [])
        return 160 + wouldReject.capacity + ids.reduce(0) { $0 + 16 + $1.utf8.count }
    }
}

/// Lets an initializer of a class give what a function has made: `ManagedBuffer` has no other initializer.
private protocol MadeElsewhere {}

extension AdmittedIdentity: MadeElsewhere {}

extension MadeElsewhere {
    fileprivate init(made: Self) { self = made }
}
