package import IdentityCore
import MessageAuthentication

/// The durable record of portal sessions, of the tokens that have signed somebody in, and of tests of sign-in.
///
/// What a function that writes has returned is durable. Ending sessions of others than the calling browser raises the
/// organization's generation (`OrganizationStore`), so that every gateway forgets what it remembers of them.
package protocol SessionStore: Sendable {
    /// Admits the user and marks the token as used, both in one transaction: a token that has signed in before is
    /// refused (`token_replayed`), and one whose user is refused is not used up. One that needn't be remembered any
    /// more is too old (`token_expired`): whether it was used may be forgotten already.
    func signIn(_ request: SignInRequest) async -> AdmissionOutcome

    /// Stores a session that begins, and uses up the permit where it begins by one, both in one transaction. Throws where
    /// it can't be stored, or its organization or user is gone, or its secret was revoked, or the permit is used up
    /// (`StoreError.permitUsed`).
    func begin(_ session: PortalSession, by permit: SignInPermit?) async throws

    /// Finds a session with its user. `now` is in seconds since 1970.
    func resume(_ digest: SessionDigest, of organization: String, now: Double) async -> SessionOutcome

    /// Moves a session's end. Does nothing where it has ended.
    func extend(_ digest: SessionDigest, of organization: String, until expiry: Double) async throws

    /// Ends one session, as its own browser asked. Returns it, or nil where there is none that hasn't ended.
    ///
    /// The gateway that asks forgets the session itself; the organization's generation stays, so that one browser's
    /// leave doesn't cost everybody's cached identity. A store that several gateways share must tell the others
    /// the digest, and they must have forgotten it within a second.
    @discardableResult
    func end(_ digest: SessionDigest, of organization: String) async throws -> PortalSession?

    /// The sessions that browsers ended at any gateway after leave number `number`, for the others to forget; nil: none
    /// of them, only the last one's number. Who reads on from there misses none, in whatever order they were
    /// committed. A store that one gateway has to itself has nothing to tell.
    func leaves(after number: Int64?) async throws -> SessionLeaves

    /// Ends sessions as an operator asks. Returns how many there were that hadn't expired.
    @discardableResult
    func endSessions(of organization: String, _ selection: SessionSelection) async throws -> Int

    /// The sessions of a user (directory id), or of all, that haven't ended; the youngest first, after `cursor`.
    func sessions(
        of organization: String, user: String?, after cursor: SessionCursor?, limit: Int
    ) async throws -> [PortalSession]

    /// Forgets sessions and used tokens that have expired, a few at a time. Returns how many rows that were.
    @discardableResult
    func removeExpired(now: Double) async throws -> Int

    /// Notes how a test of sign-in went; a failure doesn't take an earlier success away.
    func record(_ test: SignInTest, of organization: String) async throws

    /// The last success and the last failure.
    func signInTests(of organization: String) async throws -> SignInTests
}

/// Sessions that browsers ended themselves.
package struct SessionLeaves: Sendable {
    /// Where to go on from.
    package let last: Int64
    /// Whose they were: the organization, and the directory's id.
    package let users: [(organization: String, user: String)]
    /// False where some may have been forgotten by now: whoever was away for so long must remember nobody.
    package let isComplete: Bool

    package init(last: Int64, users: [(organization: String, user: String)], isComplete: Bool = true) {
        self.last = last
        self.users = users
        self.isComplete = isComplete
    }
}

extension SessionStore {
    package func leaves(after number: Int64?) async throws -> SessionLeaves { SessionLeaves(last: 0, users: []) }

    /// `sessions` from the youngest on.
    package func sessions(of organization: String, user: String?, limit: Int) async throws -> [PortalSession] {
        try await sessions(of: organization, user: user, after: nil, limit: limit)
    }

    /// `begin` where the token itself has just signed in.
    package func begin(_ session: PortalSession) async throws { try await begin(session, by: nil) }
}

/// SHA-256 of a session's id: the id itself is known to its browser alone.
package struct SessionDigest: Sendable, Hashable {
    package static let byteCount = 32

    /// `byteCount` bytes; a store refuses any other number.
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }
}

/// One signed-in browser.
package struct PortalSession: Sendable, Equatable {
    package var digest: SessionDigest
    package var organization: String
    /// The directory's id of the user.
    package var user: String
    /// The secret that vouched for the token which signed in.
    package var keyID: String
    /// Seconds since 1970, read before `SessionStore.signIn` was asked: a 'sign out everywhere' that comes while the
    /// sign-in is under way ends this session too.
    package var createdAt: Double
    /// The first moment, in seconds since 1970, at which the session has ended.
    package var expiresAt: Double

    package init(
        digest: SessionDigest, organization: String, user: String, keyID: String, createdAt: Double, expiresAt: Double
    ) {
        self.digest = digest
        self.organization = organization
        self.user = user
        self.keyID = keyID
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }

    /// How many bytes of the digest are in `name`.
    package static let nameBytes = 8

    /// What may be shown of the session, and names it in `SessionSelection.session`: the first 16 hex digits of the
    /// digest.
    package var name: String {
        Hexadecimal.text(digest.bytes.prefix(Self.nameBytes))
    }
}

package enum SessionOutcome: Sendable, Equatable {
    case active(PortalSession, DirectoryUser)
    /// There is none: never begun, ended, expired, or from before the user's `tokensValidAfter`.
    case ended
    /// `user_blocked`.
    case refused(RejectionCode)
    /// The directory can't be read.
    case unavailable
}

/// Which sessions an operator ends.
package enum SessionSelection: Sendable, Equatable {
    case all
    /// By directory id.
    case user(String)
    /// Those that a token signed by this secret began.
    case key(String)
    /// By `PortalSession.name`.
    case session(String)
}

/// A sign-in: an admission that happens once per token.
package struct SignInRequest: Sendable {
    package let admission: AdmissionRequest
    /// SHA-256 over the token's bytes; nil where the token can't be told from its user's next one, and so isn't
    /// remembered: refusing it would lock the user out for good.
    package let tokenDigest: [UInt8]?
    /// Until when the token must be remembered as used, in seconds since 1970, skew included: from then on
    /// verification refuses it. `.infinity` for a token without an expiry.
    package let rememberUntil: Double

    package init(admission: AdmissionRequest, tokenDigest: [UInt8]?, rememberUntil: Double) {
        self.admission = admission
        self.tokenDigest = tokenDigest
        self.rememberUntil = rememberUntil
    }
}

/// What lets a browser begin one session later on, when its user is admitted already.
package struct SignInPermit: Sendable, Equatable {
    /// 32 bytes that no other permit and no token has.
    package let digest: [UInt8]
    /// Until when it must be remembered as used, in seconds since 1970.
    package let rememberUntil: Double

    package init(digest: [UInt8], rememberUntil: Double) {
        self.digest = digest
        self.rememberUntil = rememberUntil
    }
}

/// How one test of the whole sign-in loop went.
package struct SignInTest: Sendable, Equatable {
    /// What was tested: `SignInFingerprint` of the settings and keys that were in force.
    package var fingerprint: String
    /// Seconds since 1970.
    package var at: Double
    /// Nil: it went well.
    package var failure: RejectionCode?

    package init(fingerprint: String, at: Double, failure: RejectionCode?) {
        self.fingerprint = fingerprint
        self.at = at
        self.failure = failure
    }
}

package struct SignInTests: Sendable, Equatable {
    package var lastSuccess: SignInTest?
    package var lastFailure: SignInTest?

    package init(lastSuccess: SignInTest? = nil, lastFailure: SignInTest? = nil) {
        self.lastSuccess = lastSuccess
        self.lastFailure = lastFailure
    }
}
