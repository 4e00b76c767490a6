import ArgumentParser
import Foundation
import IdentityCore
import PortalSSO
import Testing
import UserDirectory

@testable import widget_gateway

/// Commands that change what is stored, run against a storage of their own.
@Suite struct PortalCommandTests {
    @Test(
        arguments: [
            (["--all"], []), (["--user", "ann@acme.test"], [3]), (["--key", "KEY"], [2, 1]),
            (["--session", "0101010101010101"], [3, 2]),
        ] as [([String], [UInt8])])
    func `session end ends what it names`(_ arguments: [String], _ left: [UInt8]) async throws {
        let place = try await StoredPortal()
        let arguments = arguments.map { $0 == "KEY" ? place.secondKey : $0 }
        try await place.run(["session", "end", "acme"] + arguments)
        let sessions = try await place.store.sessions(of: "acme", user: nil, limit: 9)
        #expect(sessions.map { $0.digest.bytes[0] } == left)
    }

    @Test(arguments: [
        ["session", "end", "nobody", "--all"], ["session", "end", "acme", "--user", "zoe@acme.test"],
        ["session", "end", "acme", "--key", "key_none"], ["session", "end", "acme", "--session", "0909090909090909"],
        ["session", "end", "acme", "--session", "%"], ["session", "list", "nobody"],
        ["session", "list", "acme", "--user", "zoe@acme.test"], ["organization", "sso", "nobody"],
        ["organization", "set", "acme", "sso.enabled=true"],
        ["organization", "set", "acme", "sso.enabled=true", "sso.login_url=https://other.test/"],
        ["organization", "create", "new", "sso.enabled=true", "sso.login_url=https://other.test/"],
    ])
    func `what can't be done is refused, and changes nothing`(_ arguments: [String]) async throws {
        let place = try await StoredPortal()
        let before = try await place.store.generation()
        let error = await #expect(throws: (any Error).self) { try await place.run(arguments) }
        #expect(error.map { CommandEnding.after($0).code } == 1)
        #expect(try await place.store.generation() == before)
        #expect(try await place.store.sessions(of: "acme", user: nil, limit: 9).count == 3)
    }

    @Test(arguments: [
        ["session", "list", "acme"], ["session", "list", "acme", "--user", "ann@acme.test", "--json"],
        ["organization", "sso", "acme"], ["organization", "sso", "acme", "--json"],
    ])
    func `what only shows changes nothing`(_ arguments: [String]) async throws {
        let place = try await StoredPortal()
        let before = try await place.store.generation()
        try await place.run(arguments)
        #expect(try await place.store.generation() == before)
    }

    @Test func `secret revoke leaves the sessions, or ends them where it is told to`() async throws {
        let place = try await StoredPortal()
        try await place.run(["secret", "revoke", "acme", place.firstKey])
        #expect(try await place.store.sessions(of: "acme", user: nil, limit: 9).count == 3)
        try await place.run(["secret", "revoke", "acme", place.secondKey, "--end-sessions"])
        #expect(
            try await place.store.sessions(of: "acme", user: nil, limit: 9).map(\.keyID) == [
                place.firstKey, place.firstKey,
            ])
    }

    @Test func `sign-in is enabled after a test, and by who takes the risk`() async throws {
        let place = try await StoredPortal()
        let settings = try #require(try await place.store.organization("acme"))
        let keys = [place.firstKey, place.secondKey]
        let fingerprint = SignInFingerprint.of(settings: settings, keyIDs: keys)
        try await place.store.record(SignInTest(fingerprint: fingerprint, at: 1, failure: nil), of: "acme")
        try await place.run(["organization", "set", "acme", "sso.enabled=true"])
        #expect(try await place.store.organization("acme")?.sso.enabled == true)

        try await place.run(["organization", "set", "acme", "sso.enabled=false"])
        try await place.store.addSecret(SecretPolicy.generate(), purpose: .api, to: "acme")
        await #expect(throws: Refusal.self) {
            try await place.run(["organization", "set", "acme", "sso.enabled=true"])
        }
        try await place.run(["organization", "set", "acme", "sso.enabled=true", "--untested"])
        #expect(try await place.store.organization("acme")?.sso.enabled == true)
        try await place.run([
            "organization", "create", "new", "sso.enabled=true", "sso.login_url=https://other.test/", "--untested",
        ])
        #expect(try await place.store.organization("new")?.sso.enabled == true)
    }

    @Test func `an organizations file enables sign-in without a test`() async throws {
        let place = try await StoredPortal()
        let file = place.path("organizations.yaml")
        try """
        organizations:
          - { id: acme, sso: { enabled: true, login_url: "https://app.acme.test/login" } }
          - { id: new, sso: { enabled: true, login_url: "https://app.acme.test/login" } }
        """.write(toFile: file, atomically: true, encoding: .utf8)
        try await place.run(["organization", "apply", file])
        #expect(try await place.store.organizations().map(\.sso.enabled) == [true, true])
    }
}

/// A configuration whose storage has `acme` with two API secrets, Ann (sessions 1 and 2, by the first secret) and Bob
/// (session 3, by the second).
private final class StoredPortal: Sendable {
    let store: any OrganizationStore & UserStore & SessionStore
    let firstKey: String
    let secondKey: String
    private let folder: URL

    init() async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "widget-gateway-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appending(path: "gateway.yaml")
        try "storage: { url: sqlite:store.db, master_key_file: master.key }\n".write(
            to: file, atomically: true, encoding: .utf8)
        store = try ConfigurationOptions.parse(["--config", file.path]).openStore()
        var settings = OrganizationSettings(id: "acme")
        settings.hosts = ["feedback.acme.test"]
        settings.sso.loginURL = "https://app.acme.test/login"
        try await store.put(settings)
        firstKey = try await store.addSecret(SecretPolicy.generate(), purpose: .api, to: "acme").id
        secondKey = try await store.addSecret(SecretPolicy.generate(), purpose: .api, to: "acme").id
        for (number, email, key) in [
            (1, "ann@acme.test", firstKey), (2, "ann@acme.test", firstKey), (3, "bob@acme.test", secondKey),
        ] as [(UInt8, String, String)] {
            var profile = UserProfile()
            profile.email = email
            _ = try await store.importUsers([profile], into: "acme")
            let user = try #require(try await store.user(email, of: "acme"))
            try await store.begin(
                PortalSession(
                    digest: SessionDigest(bytes: [UInt8](repeating: number, count: 32)), organization: "acme",
                    user: user.id, keyID: key, createdAt: Double(number), expiresAt: 4_000_000_000))
        }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    /// Runs a command of the program with this configuration.
    func run(_ arguments: [String]) async throws {
        let command = try WidgetGateway.parseAsRoot(arguments + ["--config", path("gateway.yaml")])
        guard var command = command as? any AsyncParsableCommand else {
            Issue.record("\(arguments)")
            return
        }
        try await command.run()
    }
}
