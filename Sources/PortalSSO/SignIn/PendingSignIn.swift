internal import MessageAuthentication
package import UserDirectory

/// A sign-in whose token is verified and whose user is admitted, and that has no session yet: what the browser keeps,
/// sealed, while a cross-site `POST` becomes a same-site `GET`, or while somebody who is signed in is asked.
package struct PendingSignIn: Sendable, Equatable {
    /// Seconds.
    package static let lifetime = 300.0

    /// The directory's id of the user.
    package let user: String
    /// The secret that vouched for the token.
    package let keyID: String
    /// `ReturnAddress.location`: where to go afterwards.
    package let returnAddress: String
    /// When the token was verified, before the user was admitted, in seconds since 1970: a 'sign out everywhere' that comes
    /// between the two counts.
    package let decidedAt: Double
    /// The token's `iat`, in seconds since 1970, where it had one.
    package let tokenIssuedAt: Double?
    /// Whether the request that brought the token also brought the browser's `SignInTransaction`.
    package let wasSolicited: Bool
    /// What `SwitchUserPage` sends back.
    package let confirmation: SignInNonce

    private static let version: UInt8 = 1
    private static let maximumNameLength = 64

    package init(
        user: String, keyID: String, returnAddress: String, decidedAt: Double, tokenIssuedAt: Double?,
        wasSolicited: Bool, confirmation: SignInNonce = .random()
    ) {
        self.user = user
        self.keyID = keyID
        self.returnAddress = returnAddress
        self.decidedAt = decidedAt
        self.tokenIssuedAt = tokenIssuedAt
        self.wasSolicited = wasSolicited
        self.confirmation = confirmation
    }

    /// What the directory remembers it by once it has begun a session: it begins one, and no more.
    package var permit: SignInPermit {
        SignInPermit(
            digest: SHA256Digest.of(confirmation.bytes),
            rememberUntil: decidedAt + Self.lifetime + RecordAge.clockSkew)
    }

    /// The value of the cookie.
    package func sealed(by key: PortalKey, organization: String) -> String {
        var record = RecordWriter(version: Self.version)
        record.append(confirmation)
        record.append(time: decidedAt)
        record.append(byte: (wasSolicited ? 1 : 0) | (tokenIssuedAt != nil ? 2 : 0))
        if let tokenIssuedAt { record.append(time: tokenIssuedAt) }
        record.append(user)
        record.append(keyID)
        record.append(returnAddress)
        return key.seal(record.bytes, purpose: .pending, organization: organization)
    }

    /// Nil where the cookie is none of this installation and organization, or older than `lifetime`.
    package init?(sealed: some Collection<UInt8>, key: PortalKey, organization: String, now: Double) {
        guard let bytes = key.open(sealed, purpose: .pending, organization: organization),
            var record = RecordReader(bytes, version: Self.version),
            let confirmation = record.nonce(),
            let decidedAt = record.time(),
            let marks = record.byte(), marks <= 3
        else { return nil }
        var tokenIssuedAt: Double?
        if marks & 2 != 0 {
            guard let time = record.time() else { return nil }
            tokenIssuedAt = time
        }
        guard let user = record.text(maximum: Self.maximumNameLength),
            let keyID = record.text(maximum: Self.maximumNameLength),
            let returnAddress = record.location(),
            record.isAtEnd, RecordAge.isFresh(decidedAt, lifetime: Self.lifetime, now: now)
        else { return nil }
        self.init(
            user: user, keyID: keyID, returnAddress: returnAddress, decidedAt: decidedAt,
            tokenIssuedAt: tokenIssuedAt, wasSolicited: marks & 1 != 0, confirmation: confirmation)
    }
}
