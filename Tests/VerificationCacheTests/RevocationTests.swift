import Testing
import VerificationCache

@Suite struct RevocationTests {
    let cache = TestCache(megabytes: 2, workers: 4)

    @Test func `revoking an organization ends its entries, and no other's`() {
        let worker = cache.register()
        let (acme, globex) = (cache.scope(of: "acme"), cache.scope(of: "globex"))
        worker.insert(CachedIdentity(1), in: acme, of: cache)
        worker.insert(CachedIdentity(2), in: globex, of: cache)
        cache.revoke(acme)
        #expect(worker.find(1, in: acme) == nil)
        #expect(worker.find(2, in: globex) != nil)
        worker.insert(CachedIdentity(1), in: acme, of: cache)
        #expect(worker.find(1, in: acme) != nil)
    }

    @Test func `revoking all ends every organization's entries`() {
        let worker = cache.register()
        let scopes = ["acme", "globex", "initech"].map { cache.scope(of: $0) }
        for (number, scope) in scopes.enumerated() { worker.insert(CachedIdentity(number), in: scope, of: cache) }
        cache.revokeAll()
        for (number, scope) in scopes.enumerated() { #expect(worker.find(number, in: scope) == nil) }
    }

    @Test func `revoking a user ends that user's entries at once`() {
        let worker = cache.register()
        let scope = cache.scope(of: "acme")
        for number in 0..<50 {
            worker.insert(CachedIdentity(number), in: scope, of: cache, user: number < 2 ? "u_1" : "u_\(number)")
        }
        cache.revoke(user: "u_1", in: scope)
        #expect(worker.find(0, in: scope) == nil)
        #expect(worker.find(1, in: scope) == nil)
        // Others may share the user's place, but hardly all of them.
        #expect((2..<50).count { worker.find($0, in: scope) != nil } >= 46)
    }

    @Test func `the same user id in another organization is somebody else`() {
        // Places are keyed at random: in one of a few caches, the two must be apart.
        let anyApart = (0..<4).contains { _ in
            let cache = TestCache(megabytes: 2, workers: 1)
            let worker = cache.register()
            worker.insert(CachedIdentity(1), in: cache.scope(of: "acme"), of: cache, user: "u_1")
            cache.revoke(user: "u_1", in: cache.scope(of: "globex"))
            return worker.find(1, in: cache.scope(of: "acme")) != nil
        }
        #expect(anyApart)
    }

    @Test func `whoever goes on using an identity hears of what ends it`() throws {
        let worker = cache.register()
        let (acme, globex) = (cache.scope(of: "acme"), cache.scope(of: "globex"))
        let identity = CachedIdentity(1)
        #expect(cache.stamps(of: identity) == nil)
        worker.insert(identity, in: acme, of: cache, user: "u_1")
        let stamps = try #require(cache.stamps(of: identity))
        cache.revoke(globex)
        #expect(cache.settingsHold(at: stamps.settings, in: acme))
        #expect(cache.userHolds("u_1", at: stamps.user, in: acme))
        cache.revoke(user: "u_1", in: acme)
        #expect(!cache.userHolds("u_1", at: stamps.user, in: acme))
        #expect(cache.userHolds("u_1", at: cache.stamp(), in: acme))
        #expect(cache.settingsHold(at: stamps.settings, in: acme))
        let next = cache.revoke(acme)
        #expect(!cache.settingsHold(at: stamps.settings, in: acme))
        #expect(cache.settingsHold(at: next, in: acme))
    }

    /// What is revoked between the beginning of a decision and its end.
    enum Revoked: CaseIterable { case organization, all, user }

    @Test(arguments: Revoked.allCases)
    func `a decision that began before a revocation is never a hit after it`(revoked: Revoked) {
        let worker = cache.register()
        let scope = cache.scope(of: "acme")
        let stamp = cache.stamp()
        switch revoked {
        case .organization: cache.revoke(scope)
        case .all: cache.revokeAll()
        case .user: cache.revoke(user: "u_1", in: scope)
        }
        tokenBytes(1).withUnsafeBytes {
            worker.insert(
                CachedIdentity(1), bytes: 10, token: $0, in: scope, settingsReadAt: stamp, user: "u_1",
                userReadAt: stamp, expiresAt: 5000, now: 1000)
        }
        #expect(worker.find(1, in: scope) == nil)
    }

    @Test func `a user's revocation leaves decisions under the same settings alone`() {
        let worker = cache.register()
        let scope = cache.scope(of: "acme")
        let settings = cache.revoke(scope)
        cache.revoke(user: "u_1", in: scope)
        let asked = cache.stamp()
        tokenBytes(1).withUnsafeBytes {
            worker.insert(
                CachedIdentity(1), bytes: 10, token: $0, in: scope, settingsReadAt: settings, user: "u_1",
                userReadAt: asked, expiresAt: 5000, now: 1000)
        }
        #expect(worker.find(1, in: scope) != nil)
    }

    @Test func `a worker with old settings stores nothing that others could find`() {
        let worker = cache.register()
        let scope = cache.scope(of: "acme")
        let old = cache.stamp()
        cache.revoke(scope)
        // It begins after the revocation, but its snapshot is from before.
        let asked = cache.stamp()
        tokenBytes(1).withUnsafeBytes {
            worker.insert(
                CachedIdentity(1), bytes: 10, token: $0, in: scope, settingsReadAt: old, user: "u_1", userReadAt: asked,
                expiresAt: 5000, now: 1000)
        }
        #expect(worker.find(1, in: scope) == nil)
    }
}
