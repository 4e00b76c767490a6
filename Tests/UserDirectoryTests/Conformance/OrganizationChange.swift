import IdentityCore
import Testing
import UserDirectory

/// Something done in an organization that has one API secret, the user `7`, and the user `8`, who is blocked and was
/// signed out everywhere at 2.
struct OrganizationChange: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Says whether it went as its name tells.
    let make: @Sendable (_ store: any Store, _ organization: String) async throws -> Bool

    init(_ name: String, _ make: @escaping @Sendable (any Store, String) async throws -> Bool) {
        testDescription = name
        self.make = make
    }
}

extension OrganizationChange {
    /// What may make an identity of this organization hold no more, or hold otherwise.
    static let concerning: [OrganizationChange] = [
        .init("settings changed") { store, id in try await store.put(OrganizationSettings(id: id, name: "New")) },
        .init("host added") { store, id in
            var settings = OrganizationSettings(id: id)
            settings.hosts = ["a.test"]
            return try await store.put(settings)
        },
        .init("API secret added") { store, id in
            try await store.addSecret(SecretPolicy.generate(), purpose: .api, to: id).purpose == .api
        },
        .init("hash secret added") { store, id in
            try await store.addSecret(SecretPolicy.generate(), purpose: .userHash, to: id).purpose == .userHash
        },
        .init("secret revoked") { store, id in
            guard let secret = try await store.secrets(of: id).first else { return false }
            return try await store.revokeSecret(secret.id, of: id)
        },
        .init("blocked") { store, id in try await store.setBlocked(true, user: "7", of: id) },
        .init("unblocked") { store, id in try await store.setBlocked(false, user: "8", of: id) },
        .init("deleted") { store, id in try await store.deleteUser("7", of: id) },
        .init("signed out everywhere") { store, id in try await store.signOutEverywhere(user: "7", of: id, at: 5) },
        .init("sessions ended") { store, id in
            guard let user = try await store.user("7", of: id), let secret = try await store.secrets(of: id).first
            else { return false }
            try await store.begin(
                PortalSession(
                    digest: .numbered(7), organization: id, user: user.id, keyID: secret.id, createdAt: 1,
                    expiresAt: .infinity))
            return try await store.endSessions(of: id, .all) == 1
        },
        .init("organization deleted and made again") { store, id in
            guard try await store.deleteOrganization(id) else { return false }
            return try await store.put(OrganizationSettings(id: id))
        },
    ]

    /// What leaves every identity as it is; there is also the organization `owner`, which has the host `taken.test`.
    static let unconcerning: [OrganizationChange] = [
        .init("same settings") { store, id in try await !store.put(OrganizationSettings(id: id)) },
        .init("host of another") { store, id in
            var settings = OrganizationSettings(id: id, name: "New")
            settings.hosts = ["taken.test"]
            do { return try await !store.put(settings) } catch is StoreError { return true }
        },
        .init("same secret") { store, id in
            let organization = try await store.loadAll().organizations.first { $0.settings.id == id }
            guard let secret = organization?.secrets.first else { return false }
            return try await store.addSecret(secret.text, purpose: .api, to: id).id == secret.id
        },
        .init("secret used") { store, id in
            await store.recordSecretUse(try await store.secrets(of: id).map(\.id), at: 1)
            return true
        },
        .init("secret of another revoked") { store, id in
            guard let secret = try await store.secrets(of: "owner").first else { return false }
            return try await !store.revokeSecret(secret.id, of: id)
        },
        .init("blocked twice") { store, id in try await store.setBlocked(true, user: "8", of: id) },
        .init("nobody blocked") { store, id in try await !store.setBlocked(true, user: "9", of: id) },
        .init("nobody deleted") { store, id in try await !store.deleteUser("9", of: id) },
        .init("signed out earlier") { store, id in try await store.signOutEverywhere(user: "8", of: id, at: 1) },
        .init("known and new users imported") { store, id in
            let users = [
                profile(id: "8", email: "bob@users.test", name: "Bob"), profile(id: "9", email: "cid@users.test"),
            ]
            return try await store.importUsers(users, into: id) == (1, 1)
        },
        .init("import refused") { store, id in
            let users = [profile(id: "9"), profile(id: "\u{0}")]
            do { return try await store.importUsers(users, into: id) == (0, 0) } catch is StoreError { return true }
        },
        .init("admissions") { store, id in
            let outcomes = await store.admit([
                .verified(profile(id: "7", email: "ann@users.test"), organization: id),
                .verified(profile(id: "7", email: "ann@users.test", name: "Ann"), organization: id),
                .verified(profile(id: "9", email: "new@users.test"), organization: id),
                .verified(profile(id: "8", email: "bob@users.test"), organization: id),
            ])
            return outcomes.map { $0.user != nil } == [true, true, true, false]
        },
        .init("sign-in, session begun and ended by its browser") { store, id in
            guard let user = try await store.user("7", of: id), let secret = try await store.secrets(of: id).first,
                case .admitted = await store.signIn(.ann(until: .infinity, organization: id))
            else { return false }
            let session = PortalSession(
                digest: .numbered(7), organization: id, user: user.id, keyID: secret.id, createdAt: 1,
                expiresAt: .infinity)
            try await store.begin(session)
            guard try await store.end(session.digest, of: id) != nil else { return false }
            try await store.record(SignInTest(fingerprint: "a", at: 1, failure: nil), of: id)
            return try await store.endSessions(of: id, .all) == 0
        },
        .init("signing key made") { store, _ in
            let before = try await store.generation()
            _ = try await store.assertionSigningKey()
            return try await store.generation() > before
        },
        .init("another organization made and deleted") { store, _ in
            guard try await store.put(OrganizationSettings(id: "new")) else { return false }
            return try await store.deleteOrganization("new")
        },
    ]
}
