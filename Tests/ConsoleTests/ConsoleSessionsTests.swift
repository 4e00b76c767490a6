import Synchronization
import Testing

@testable import Console

@Suite("Console sessions")
struct ConsoleSessionsTests {
    private final class Clock: Sendable {
        let moment = Mutex(1_700_000_000.0)
        func pass(_ seconds: Double) { moment.withLock { $0 += seconds } }
        var now: @Sendable () -> Double { { self.moment.withLock { $0 } } }
    }

    private let clock = Clock()

    @Test("A session ends 12 hours after it began, however much it is used")
    func absoluteEnd() {
        let sessions = ConsoleSessions(now: clock.now)
        let value = sessions.begin(tokenDigest: [1])
        for _ in 0..<11 {
            clock.pass(3600)
            #expect(sessions.find(value) != nil)
        }
        clock.pass(3600)
        #expect(sessions.find(value) == nil)
    }

    @Test("A session that nobody uses ends after two hours")
    func idleEnd() {
        let sessions = ConsoleSessions(now: clock.now)
        let value = sessions.begin(tokenDigest: [1])
        clock.pass(7199)
        #expect(sessions.find(value) != nil)
        clock.pass(7200)
        #expect(sessions.find(value) == nil)
    }

    @Test("Each session has a value and a form token of its own, and ends alone")
    func separate() throws {
        let sessions = ConsoleSessions(now: clock.now)
        let first = sessions.begin(tokenDigest: [1])
        let second = sessions.begin(tokenDigest: [1])
        #expect(first != second)
        #expect(try #require(sessions.find(first)).csrf != #require(sessions.find(second)).csrf)
        sessions.end(first)
        #expect(sessions.find(first) == nil)
        #expect(sessions.find(second) != nil)
    }

    @Test("A notice is shown once")
    func notice() {
        let sessions = ConsoleSessions(now: clock.now)
        let value = sessions.begin(tokenDigest: [1])
        sessions.leave(.good("Done."), for: value)
        #expect(sessions.takeNotice(value)?.text == "Done.")
        #expect(sessions.takeNotice(value) == nil)
    }
}
