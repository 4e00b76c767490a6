import ControlPlane
import GatewayConfiguration
import IdentityCore
import Testing
import UserDirectory

@Suite("One user's data") struct UserDataTests {
    @Test("all that is stored of a user is exported, and nothing of another")
    func everything() async throws {
        let instance = try Instance()
        try await instance.store.put(OrganizationSettings(id: "acme"))
        var profiles: [UserProfile] = []
        for email in ["ann@x.test", "bob@x.test"] {
            var profile = UserProfile()
            profile.email = email
            profiles.append(profile)
        }
        _ = try await instance.store.importUsers(profiles, into: "acme")
        let users = instance.administration.users
        let ann = try await users.setBlocked(true, "ann@x.test", of: "acme", by: Instance.operator)
        let bob = try await users.user("bob@x.test", of: "acme", by: Instance.operator)
        try await instance.administration.telemetry.append(
            [ann.id, bob.id, ann.id].map {
                TokenLogEntry(
                    time: instance.now, organization: "acme", code: "accepted", user: $0, address: "192.0.2.1",
                    source: .header)
            },
            repeats: [TokenRepeats(organization: "acme", user: ann.id, hour: 3600, count: 7)])
        let data = try await users.everything(on: "ann@x.test", of: "acme", by: Instance.operator)
        #expect(data.user.id == ann.id && data.isComplete)
        #expect(data.tokens.map(\.user) == [ann.id, ann.id])
        #expect(data.repeats.map(\.count) == [7])
        #expect(data.changes.map(\.action) == ["user.block"])

        try await users.delete("ann@x.test", of: "acme", by: Instance.operator)
        let log = try await instance.administration.telemetry.tokenLog(TokenLogFilter(), before: nil, limit: 9)
        #expect(log.map(\.user) == [nil, bob.id, nil] && log.map(\.address) == ["", "192.0.2.1", ""])
    }
}
