import IdentityCore
import PortalSSO
import Testing
import UserDirectory

@Suite("What a browser keeps during a sign-in")
struct SignInRecordTests {
    private let key = PortalKey(material: Array(0..<32))
    private let now = 1_750_000_000.0

    @Test("comes back as it was", arguments: Dialect.allCases, [true, false])
    func transaction(_ dialect: Dialect, _ isTest: Bool) {
        let transaction = SignInTransaction(returnAddress: "/a?b#c", startedAt: now, isTest: isTest, dialect: dialect)
        let sealed = transaction.sealed(by: key, organization: "acme")
        #expect(open(transaction: sealed) == transaction)
        #expect(open(transaction: sealed, organization: "other") == nil)
        #expect(PendingSignIn(sealed: sealed.utf8, key: key, organization: "acme", now: now) == nil)
    }

    @Test(
        "says whether a page of another site began it",
        arguments: [(true, SignInInitiator.otherSite), (false, .visitor)])
    func initiators(_ begunByOtherSite: Bool, _ expected: SignInInitiator) {
        let transaction = SignInTransaction(
            returnAddress: "/", startedAt: now, isTest: false, dialect: .userorbit, begunByOtherSite: begunByOtherSite)
        #expect(open(transaction: transaction.sealed(by: key, organization: "acme"))?.initiator == expected)
    }

    @Test("is a permit for one session: the same each time it is brought, and another for each sign-in")
    func permits() {
        let first = pending()
        let again = open(pending: first.sealed(by: key, organization: "acme"))
        #expect(again?.permit == first.permit)
        #expect(first.permit.digest.count == 32)
        #expect(first.permit.digest != pending().permit.digest)
        // Five minutes, and a minute for another gateway's clock.
        #expect(first.permit.rememberUntil == now + 360)
    }

    @Test("comes back as it was, also while it is pending", arguments: [nil, 0, 1_749_999_999.5], [true, false])
    func pending(_ tokenIssuedAt: Double?, _ wasSolicited: Bool) {
        let pending = PendingSignIn(
            user: "usr_1", keyID: "key-1", returnAddress: "https://b.test/", decidedAt: now,
            tokenIssuedAt: tokenIssuedAt, wasSolicited: wasSolicited)
        let sealed = pending.sealed(by: key, organization: "acme")
        #expect(open(pending: sealed) == pending)
        #expect(open(pending: sealed, organization: "other") == nil)
        #expect(open(transaction: sealed) == nil)
    }

    @Test(
        "is good for ten minutes, and from another gateway whose clock is a minute ahead",
        arguments: [
            (-61.0, false), (-60, true), (0, true), (600, true), (600.5, false), (1e9, false), (-.infinity, false),
            (.nan, false), (.infinity, false),
        ])
    func transactionAge(_ age: Double, _ isGood: Bool) {
        let sealed = SignInTransaction(returnAddress: "/", startedAt: now, isTest: false, dialect: .userorbit)
            .sealed(by: key, organization: "acme")
        #expect((open(transaction: sealed, now: now + age) != nil) == isGood)
    }

    @Test(
        "is good for five minutes while it is pending",
        arguments: [
            (-61.0, false), (-60, true), (300, true), (300.5, false),
        ])
    func pendingAge(_ age: Double, _ isGood: Bool) {
        let sealed = pending().sealed(by: key, organization: "acme")
        #expect((open(pending: sealed, now: now + age) != nil) == isGood)
    }

    @Test("has a nonce of its own each time, which only its own text is")
    func nonces() {
        let first = pending().confirmation
        let second = pending().confirmation
        #expect(first != second)
        #expect(first.text.utf8.count == 22)
        #expect(first.isWritten(as: first.text.utf8))
        #expect(!first.isWritten(as: second.text.utf8))
        for wrong in ["", "A", first.text + "A", first.text + "=", String(first.text.dropLast())] {
            #expect(!first.isWritten(as: wrong.utf8))
        }
    }

    @Test("fits a cookie with the longest of addresses, ids and names")
    func length() throws {
        let portal = PortalOrigin(scheme: "https", authority: "a.test")
        // The path is added, so that the location has one byte more than the address.
        let query = String(repeating: "q", count: 2048 - 16)
        let address = try #require(ReturnAddress("https://b.test?\(query)q".utf8, portal: portal, hosts: ["b.test"]))
        #expect(address.location.utf8.count == 2049)
        let transaction = SignInTransaction(
            returnAddress: address.location, startedAt: now, isTest: true, dialect: .productbridge)
        #expect(open(transaction: transaction.sealed(by: key, organization: "acme")) == transaction)
        let pending = PendingSignIn(
            user: String(repeating: "u", count: 64), keyID: String(repeating: "k", count: 64),
            returnAddress: address.location, decidedAt: now, tokenIssuedAt: now, wasSolicited: true)
        let sealed = pending.sealed(by: key, organization: "acme")
        #expect(sealed.utf8.count <= PortalKey.maximumLength)
        #expect(open(pending: sealed) == pending)
    }

    @Test(
        "is refused where the address in it leads nowhere that a return address could",
        arguments: [
            "", "page", "//evil.example", "javascript:alert(1)", "/a b", "/a\r\nb", "/\\evil", "/é", "ftp://a.test/",
        ])
    func addresses(_ location: String) {
        let transaction = SignInTransaction(
            returnAddress: location, startedAt: now, isTest: false, dialect: .productbridge)
        #expect(open(transaction: transaction.sealed(by: key, organization: "acme")) == nil)
        let pending = PendingSignIn(
            user: "u", keyID: "k", returnAddress: location, decidedAt: now, tokenIssuedAt: nil, wasSolicited: false)
        #expect(open(pending: pending.sealed(by: key, organization: "acme")) == nil)
    }

    @Test(
        "is refused without a user or a key, and with a time that is none",
        arguments: [
            ("", "k", 0.0), ("u", "", 0), (String(repeating: "u", count: 65), "k", 0), ("u", "k", .nan),
            ("u", "k", .infinity),
        ])
    func values(_ user: String, _ keyID: String, _ tokenIssuedAt: Double) {
        let pending = PendingSignIn(
            user: user, keyID: keyID, returnAddress: "/", decidedAt: now, tokenIssuedAt: tokenIssuedAt,
            wasSolicited: false)
        #expect(open(pending: pending.sealed(by: key, organization: "acme")) == nil)
    }

    /// Sealed with the right key, as if the key had been lost: 20 000 mutated records, none of which may crash the reader,
    /// and each that is read has one spelling only.
    @Test("is read strictly, whatever is in it")
    func mutatedRecords() throws {
        var generator = SeededGenerator(seed: 4)
        let records = try [
            #require(
                key.open(
                    SignInTransaction(returnAddress: "/a?b#c", startedAt: now, isTest: true, dialect: .uservoice)
                        .sealed(by: key, organization: "acme"), purpose: .signIn, organization: "acme")),
            #require(
                key.open(
                    pending().sealed(by: key, organization: "acme"), purpose: .pending, organization: "acme")),
        ]
        var accepted = 0
        for round in 0..<20_000 {
            let purpose: PortalKey.Purpose = round.isMultiple(of: 2) ? .signIn : .pending
            let bytes = mutate(records[round % 2], &generator)
            let sealed = key.seal(bytes, purpose: purpose, organization: "acme")
            let again =
                purpose == .signIn
                ? open(transaction: sealed)?.sealed(by: key, organization: "acme")
                : open(pending: sealed)?.sealed(by: key, organization: "acme")
            guard let again else { continue }
            accepted += 1
            #expect(key.open(again, purpose: purpose, organization: "acme") == bytes)
        }
        #expect(accepted > 100)
        #expect(accepted < 15_000)
    }

    @Test("is nothing where the cookie has been changed")
    func mutatedCookies() {
        var generator = SeededGenerator(seed: 5)
        let sealed = Array(pending().sealed(by: key, organization: "acme").utf8)
        for _ in 0..<5_000 {
            let changed = mutate(sealed, &generator)
            guard changed != sealed else { continue }
            #expect(PendingSignIn(sealed: changed, key: key, organization: "acme", now: now) == nil)
        }
    }

    private func mutate(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0...Int.random(in: 0..<3, using: &generator) {
            let position = Int.random(in: 0...bytes.count, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: bytes.insert(.random(in: 0...255, using: &generator), at: position)
            case 1: bytes.removeSubrange(position...)
            case 2: bytes += bytes.prefix(position)
            default: if position < bytes.count { bytes[position] = .random(in: 0...255, using: &generator) }
            }
        }
        return bytes
    }

    private func pending() -> PendingSignIn {
        PendingSignIn(
            user: "usr_1", keyID: "key-1", returnAddress: "/page", decidedAt: now, tokenIssuedAt: now,
            wasSolicited: true)
    }

    private func open(
        transaction sealed: String, organization: String = "acme", now: Double? = nil
    ) -> SignInTransaction? {
        SignInTransaction(sealed: sealed.utf8, key: key, organization: organization, now: now ?? self.now)
    }

    private func open(pending sealed: String, organization: String = "acme", now: Double? = nil) -> PendingSignIn? {
        PendingSignIn(sealed: sealed.utf8, key: key, organization: organization, now: now ?? self.now)
    }
}
