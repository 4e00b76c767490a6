package import IdentityCore

/// A sign-in that this browser has begun: what it keeps, sealed, until the organization's login page sends it back.
package struct SignInTransaction: Sendable, Equatable {
    /// Seconds.
    package static let lifetime = 600.0

    package let nonce: SignInNonce
    /// `ReturnAddress.location`: where to go afterwards.
    package let returnAddress: String
    /// Seconds since 1970.
    package let startedAt: Double
    /// Whether an admin is trying the login page out: then no session is made.
    package let isTest: Bool
    /// The organization's when it began: the callback of another doesn't end it.
    package let dialect: Dialect
    /// Whether a page of another site had the browser begin it.
    package let begunByOtherSite: Bool

    private static let version: UInt8 = 1

    package init(
        returnAddress: String, startedAt: Double, isTest: Bool, dialect: Dialect, begunByOtherSite: Bool = false,
        nonce: SignInNonce = .random()
    ) {
        self.nonce = nonce
        self.returnAddress = returnAddress
        self.startedAt = startedAt
        self.isTest = isTest
        self.dialect = dialect
        self.begunByOtherSite = begunByOtherSite
    }

    package var initiator: SignInInitiator { begunByOtherSite ? .otherSite : .visitor }

    /// The value of the cookie.
    package func sealed(by key: PortalKey, organization: String) -> String {
        var record = RecordWriter(version: Self.version)
        record.append(nonce)
        record.append(time: startedAt)
        record.append(byte: (isTest ? 1 : 0) | (begunByOtherSite ? 2 : 0))
        record.append(dialect.rawValue)
        record.append(returnAddress)
        return key.seal(record.bytes, purpose: .signIn, organization: organization)
    }

    /// Nil where the cookie is none of this installation and organization, or older than `lifetime`.
    package init?(sealed: some Collection<UInt8>, key: PortalKey, organization: String, now: Double) {
        guard let bytes = key.open(sealed, purpose: .signIn, organization: organization),
            var record = RecordReader(bytes, version: Self.version),
            let nonce = record.nonce(),
            let startedAt = record.time(),
            let marks = record.byte(), marks <= 3,
            let dialect = record.text(maximum: 32).flatMap(Dialect.init),
            let returnAddress = record.location(),
            record.isAtEnd, RecordAge.isFresh(startedAt, lifetime: Self.lifetime, now: now)
        else { return nil }
        self.init(
            returnAddress: returnAddress, startedAt: startedAt, isTest: marks & 1 != 0, dialect: dialect,
            begunByOtherSite: marks & 2 != 0, nonce: nonce)
    }
}
