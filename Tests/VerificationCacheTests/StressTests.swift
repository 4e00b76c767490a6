import Testing
import VerificationCache

/// All workers at once: reading, inserting, taking out and revoking, against a model of what may be found.
///
/// The model is the `Directory`: versions go up, then the cache is told. Once that call has returned, the version below
/// which nothing may be found any more is made known.
@Suite struct StressTests {
    final class Directory: Sendable {
        let versions: [SharedCounter]
        let endedBelow: [SharedCounter]

        init(_ count: Int) {
            versions = (0..<count).map { _ in SharedCounter() }
            endedBelow = (0..<count).map { _ in SharedCounter() }
        }

        /// The change, then the revocation, then the promise.
        func change(_ index: Int, revoking: () -> Void) {
            let version = versions[index].add()
            revoking()
            endedBelow[index].raise(to: version)
        }
    }

    @Test func `no worker ever finds what is wrong, revoked or freed`() {
        let cache = TestCache(megabytes: 0.25, workers: 6)
        let users = Directory(39)
        let organizations = Directory(3)
        let scopes = (0..<3).map { cache.scope(of: "o\($0)") }
        let hits = SharedCounter()
        let wrong = SharedCounter()
        let made = SharedCounter()
        let deaths = SharedCounter()
        onThreads(4) { thread in
            var random = SplitMix(UInt64(thread) + 1)
            var worker = cache.register()
            for turn in 0..<30_000 * stressFactor {
                // Few tokens that everybody wants, and many that hardly fit in.
                let number = random.below(4) == 0 ? random.below(4000) : random.below(30)
                // A user belongs to one organization: 39 is a multiple of 3.
                let (user, organization) = (number % 39, number % 3)
                let scope = scopes[organization]
                switch random.below(64) {
                case 0: users.change(user) { cache.revoke(user: "u\(user)", in: scope) }
                case 1: worker.remove(tokenBytes(number), in: scope)
                case 2 where random.below(50) == 0: organizations.change(organization) { cache.revoke(scope) }
                case 3 where random.below(200) == 0:
                    let changed = organizations.versions.map { $0.add() }
                    cache.revokeAll()
                    for (index, version) in changed.enumerated() { organizations.endedBelow[index].raise(to: version) }
                case 4 where random.below(100) == 0: worker = cache.register()
                case 5:
                    worker.enterIdle()
                    worker.leaveIdle()
                case 6...15: worker.quiesce()
                default:
                    let userFloor = users.endedBelow[user].count
                    let settingsFloor = organizations.endedBelow[organization].count
                    if let found = worker.find(number, in: scope) {
                        hits.add()
                        let isRight =
                            found.isAlive && found.number == number && found.userVersion >= userFloor
                            && found.settingsVersion >= settingsFloor
                        if !isRight { wrong.add() }
                        continue
                    }
                    let settingsReadAt = cache.stamp()
                    let settings = organizations.versions[organization].count
                    let userReadAt = cache.stamp()
                    let identity = CachedIdentity(
                        number, userVersion: users.versions[user].count, settingsVersion: settings, deaths: deaths)
                    made.add()
                    tokenBytes(number).withUnsafeBytes {
                        worker.insert(
                            identity, bytes: 200, token: $0, in: scope, settingsReadAt: settingsReadAt,
                            user: "u\(user)", userReadAt: userReadAt, expiresAt: turn % 7 == 0 ? 1001 : 9e9,
                            now: turn % 5 == 0 ? 1000.5 : 1000)
                    }
                }
            }
        }
        #expect(wrong.count == 0)
        #expect(hits.count > 1000)
        #expect(cache.filling.bytes <= cache.filling.byteLimit)
        // Whatever is still held is in the table or waits to be freed.
        #expect(made.count - deaths.count >= cache.filling.entries)
        let last = cache.register()
        for number in 0..<4000 { last.remove(tokenBytes(number), in: scopes[number % 3]) }
        for _ in 0..<200 {
            let another = cache.register()
            for _ in 0..<8 { another.quiesce() }
            for _ in 0..<8 { last.quiesce() }
        }
        #expect(cache.filling.entries == 0)
        #expect(cache.filling.bytes == 0)
    }

    /// A revocation each few microseconds, against workers that decide and insert all the time: each inserter reads the
    /// version, then is late.
    @Test func `a revocation wins against every decision that began before it`() {
        let cache = TestCache(megabytes: 1, workers: 4)
        let scope = cache.scope(of: "acme")
        let user = Directory(1)
        let wrong = SharedCounter()
        let hits = SharedCounter()
        let running = SharedCounter()
        let rounds = 200_000 * stressFactor
        onThreads(3) { thread in
            let worker = cache.register()
            var random = SplitMix(UInt64(thread))
            if thread == 0 {
                for _ in 0..<rounds {
                    user.change(0) { cache.revoke(user: "u", in: scope) }
                    // At the very moment that the revocation has returned.
                    if let found = worker.find(1, in: scope), found.userVersion < user.endedBelow[0].count {
                        wrong.add()
                    }
                    for _ in 0..<random.below(20) { worker.quiesce() }
                }
                running.add()
                return
            }
            while running.count == 0 {
                let floor = user.endedBelow[0].count
                if let found = worker.find(1, in: scope) {
                    hits.add()
                    if found.userVersion < floor || !found.isAlive { wrong.add() }
                } else {
                    let stamp = cache.stamp()
                    let identity = CachedIdentity(1, userVersion: user.versions[0].count)
                    for _ in 0..<random.below(30) { _ = cache.stamp() }
                    tokenBytes(1).withUnsafeBytes {
                        worker.insert(
                            identity, bytes: 10, token: $0, in: scope, settingsReadAt: stamp, user: "u",
                            userReadAt: stamp, expiresAt: 9e9, now: 1000)
                    }
                }
                worker.quiesce()
            }
        }
        #expect(wrong.count == 0)
        #expect(hits.count > 0)
    }
}
