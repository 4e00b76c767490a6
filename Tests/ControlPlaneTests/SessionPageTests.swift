import ControlPlane
import GatewayConfiguration
import IdentityCore
import Testing
import UserDirectory

@Suite("Sessions come in pages") struct SessionPageTests {
    /// Five sessions of Ann, begun at these moments; the fourth and fifth at once.
    private func instance() async throws -> (Instance, key: String) {
        let instance = try Instance()
        try await instance.store.put(OrganizationSettings(id: "acme"))
        let key = try await instance.store.addSecret(SecretPolicy.generate(), purpose: .api, to: "acme").id
        var ann = UserProfile()
        ann.email = "ann@x.test"
        _ = try await instance.store.importUsers([ann], into: "acme")
        let user = try #require(try await instance.store.user("ann@x.test", of: "acme"))
        for (number, moment) in [(1, 1.5), (2, 2), (3, 3), (4, 4), (5, 4)] as [(UInt8, Double)] {
            try await instance.store.begin(
                PortalSession(
                    digest: SessionDigest(bytes: [UInt8](repeating: number, count: 32)), organization: "acme",
                    user: user.id, keyID: key, createdAt: moment, expiresAt: instance.now + 1000))
        }
        return (instance, key)
    }

    @Test("each once, the youngest first, however long a page is", arguments: [1, 2, 3, 4, 5, 9])
    func pages(limit: Int) async throws {
        let (instance, _) = try await instance()
        for user in [nil, "ann@x.test"] {
            var seen: [UInt8] = []
            var cursor: String?
            repeat {
                let page = try await instance.administration.sessions.list(
                    of: "acme", user: user, after: cursor, limit: limit, by: Instance.operator)
                #expect(page.sessions.count <= limit && !page.sessions.isEmpty)
                seen += page.sessions.map { $0.digest.bytes[0] }
                cursor = page.next
            } while cursor != nil
            #expect(seen == [5, 4, 3, 2, 1])
        }
    }

    @Test("a cursor leads on though its session has ended")
    func ended() async throws {
        let (instance, _) = try await instance()
        let sessions = instance.administration.sessions
        let first = try await sessions.list(of: "acme", user: nil, after: nil, limit: 2, by: Instance.operator)
        try await sessions.end(session: "0404040404040404", of: "acme", by: Instance.operator)
        let second = try await sessions.list(
            of: "acme", user: nil, after: first.next, limit: 2, by: Instance.operator)
        #expect(second.sessions.map { $0.digest.bytes[0] } == [3, 2])
    }

    @Test(
        "what is no cursor leads nowhere",
        arguments: ["", "x", "7ff0000000000000" + "0000000000000000", "7FF" + "0000000000000000000000000000A"])
    func wrong(text: String) { #expect(SessionCursor(text) == nil) }

    @Test("a revoked secret takes its sessions along, and says how many")
    func revoke() async throws {
        let (instance, key) = try await instance()
        let ended = try await instance.administration.secrets.revoke(
            key, of: "acme", endSessions: true, by: Instance.operator)
        #expect(ended == 5)
    }
}
