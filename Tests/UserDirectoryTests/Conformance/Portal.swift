import IdentityCore
import Testing
import UserDirectory

/// The organization `acme` with an API secret and the users Ann (`7`) and Bob (`8`).
struct Portal {
    let place: Place
    let store: any Store
    let key: String
    let ann: String
    let bob: String

    init(_ factory: StoreFactory) async throws {
        (store, place) = try await factory.fresh()
        key = try await store.addSecret(SecretPolicy.generate(), purpose: .api, to: "acme").id
        let users = [profile(id: "7", email: "ann@acme.test"), profile(id: "8", email: "bob@acme.test")]
        _ = try await store.importUsers(users, into: "acme")
        ann = try #require(try await store.user("7", of: "acme")).id
        bob = try #require(try await store.user("8", of: "acme")).id
    }

    /// A session of `acme` that is `number` seconds younger than the first and lasts a day.
    func session(_ number: UInt8, user: String, key: String? = nil) -> PortalSession {
        let begun = place.now + Double(number)
        return PortalSession(
            digest: .numbered(number), organization: "acme", user: user, keyID: key ?? self.key, createdAt: begun,
            expiresAt: begun + 86400)
    }

    /// Begins sessions of Ann (1, 2) and Bob (3).
    func beginThree() async throws {
        for session in [session(1, user: ann), session(2, user: ann), session(3, user: bob)] {
            try await store.begin(session)
        }
    }

    /// Which of the sessions 1 to 9 are active.
    func active(_ store: (any Store)? = nil) async -> [UInt8] {
        var active: [UInt8] = []
        for number: UInt8 in 1...9 {
            let outcome = await (store ?? self.store).resume(.numbered(number), of: "acme", now: place.now)
            if case .active = outcome { active.append(number) }
        }
        return active
    }
}

extension SessionDigest {
    /// 31 bytes that hardly differ, after one that does.
    static func numbered(_ number: UInt8) -> SessionDigest {
        SessionDigest(bytes: [number] + [UInt8](repeating: 0xA0, count: 31))
    }
}

extension SignInRequest {
    /// Ann signs in with the token `token`.
    static func ann(_ token: UInt8 = 1, until expiry: Double = 1_700_003_600, organization: String = "acme") -> Self {
        SignInRequest(
            admission: .verified(profile(id: "7", email: "ann@acme.test"), organization: organization),
            tokenDigest: [UInt8](repeating: token, count: 32), rememberUntil: expiry)
    }
}
