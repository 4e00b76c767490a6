import ControlPlane
import GatewayConfiguration
import IdentityCore
import Testing
import UserDirectory

@Suite("Token checks") struct TokenCheckTests {
    private let secret = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    // jwt.encode({"email": "a@b.c"}, secret, "HS256") by PyJWT.
    private let token =
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJlbWFpbCI6ImFAYi5jIn0"
        + ".VznPFK72kxa9ZJPuTf0w2khxcxY8x0LB0QBoT7OiTy0"

    /// `acme`, whose secret signs, and `beta` with another.
    private func instance() async throws -> Instance {
        let instance = try Instance()
        for id in ["acme", "beta"] { try await instance.store.put(OrganizationSettings(id: id)) }
        try await instance.store.addSecret(secret, purpose: .api, to: "acme")
        try await instance.store.addSecret(SecretPolicy.generate(), purpose: .api, to: "beta")
        return instance
    }

    private func administrator(_ scope: AdminScope) -> Administrator {
        Administrator(
            actor: AuditEntry.Actor(kind: .adminToken, id: "adm_x", name: "x", address: nil), scope: scope)
    }

    @Test("white space around a token is taken off, and said to be", arguments: ["", " ", "\n", "\r\n\t "])
    func trimmed(space: String) async throws {
        let check = try await instance().administration.tokenChecks.check(
            space + token + space, of: "acme", by: Instance.operator)
        #expect(check.explanation.rejection == nil)
        #expect(check.isTrimmed == !space.isEmpty)
    }

    @Test("another organization's key is told to who may see that organization, and to nobody else")
    func vouching() async throws {
        let instance = try await instance()
        let checks = instance.administration.tokenChecks
        let told = try await checks.check(token, of: "beta", by: administrator(AdminScope(isReadOnly: true)))
        #expect(told.organizationThatVouches == "acme")
        let remedy = told.explanation.steps.first { $0.name == "signature" }?.remedy
        #expect(remedy?.contains("organization acme") == true)
        let bound = try await checks.check(token, of: "beta", by: administrator(AdminScope(organization: "beta")))
        #expect(bound.organizationThatVouches == nil)
        for step in bound.explanation.steps { #expect(!(step.words + (step.remedy ?? "")).contains("acme")) }
        await #expect(throws: AdminProblem.self) {
            try await checks.check(token, of: "acme", by: administrator(AdminScope(organization: "beta")))
        }
    }

    @Test("a secret that has ended vouches for nothing")
    func ended() async throws {
        let instance = try await instance()
        let key = try #require(try await instance.store.secrets(of: "acme").first?.id)
        _ = try await instance.administration.secrets.plan(
            end: instance.now + 10, of: key, of: "acme", by: Instance.operator)
        let checks = instance.administration.tokenChecks
        #expect(try await checks.check(token, of: "acme", by: Instance.operator).explanation.rejection == nil)
        instance.pass(10)
        let check = try await checks.check(token, of: "acme", by: Instance.operator)
        #expect(check.explanation.rejection?.code == .tokenSignatureMismatch)
    }

    @Test("a text that is too long isn't looked at")
    func long() async throws {
        let instance = try await instance()
        let text = String(repeating: "x", count: TokenCheckService.longestToken + 1)
        await #expect(throws: AdminProblem.self) {
            try await instance.administration.tokenChecks.check(text, of: "acme", by: Instance.operator)
        }
    }
}
