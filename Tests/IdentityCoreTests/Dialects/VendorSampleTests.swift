import IdentityCore
import Testing

/// Tokens of PyJWT with what each vendor's own samples and libraries send.
@Suite("As the vendors' samples send it")
struct VendorSampleTests {
    @Test("a token of a vendor's sample is accepted, and understood", arguments: try Fixtures.samples())
    func sample(sample: Fixtures.Sample) throws {
        let now = try Fixtures.read().now
        let policy = Sample.policy(of: sample.dialect)
        #expect(outcome(sample.token, policy: policy, now: now) == .accepted(sample.profile))

        let verifier = TokenVerifier()
        let keys = OrganizationKeys(api: Sample.api, userHash: [])
        let verdict = Array(sample.token.utf8).withUnsafeBytes {
            verifier.verify($0, keys: keys, policy: policy, now: now)
        }
        guard case .accept(let token) = verdict else { return }
        #expect(token.expiresAt == sample.expiresAt)
        #expect(token.privileges.isTrusted == sample.privileges.trusted)
        #expect(token.privileges.admin.rawValue == sample.privileges.admin)
        #expect(token.privileges.owner.rawValue == sample.privileges.owner)
    }

    @Test("there are samples for each dialect", arguments: Dialect.allCases)
    func complete(dialect: Dialect) throws {
        #expect(try Fixtures.samples().count { $0.dialect == dialect } >= 3)
    }
}
