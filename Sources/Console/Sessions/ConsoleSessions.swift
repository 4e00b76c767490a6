import MessageAuthentication
import Synchronization

/// A browser that is signed in to the console.
struct ConsoleSession: Sendable {
    /// Of the admin token that it came in by; the token is looked up at each request.
    var tokenDigest: [UInt8]
    /// What this browser's own pages send with each change, 256 random bits in base64url.
    var csrf: String
    /// Seconds since 1970.
    var beganAt: Double
    var usedAt: Double
    /// Shown on the next page.
    var notice: PageNotice?
}

/// The signed-in browsers, in memory: a restart signs everybody out, and nothing can be stolen from a disk.
final class ConsoleSessions: Sendable {
    /// In seconds.
    static let longest = 12.0 * 3600
    static let longestIdle = 2.0 * 3600
    private static let sessionsKept = 1000

    private let now: @Sendable () -> Double
    /// By SHA-256 of the cookie's value: the time that a search takes tells nothing about a value.
    private let sessions = Mutex<[[UInt8]: ConsoleSession]>([:])

    init(now: @escaping @Sendable () -> Double) { self.now = now }

    /// Returns the cookie's value, 256 random bits in base64url.
    func begin(tokenDigest: [UInt8]) -> String {
        let value = Base64URL.text(SystemRandom.bytes(32))
        let moment = now()
        let session = ConsoleSession(
            tokenDigest: tokenDigest, csrf: Base64URL.text(SystemRandom.bytes(32)), beganAt: moment, usedAt: moment)
        sessions.withLock { sessions in
            if sessions.count >= Self.sessionsKept {
                sessions = sessions.filter { Self.isAlive($0.value, at: moment) }
                if sessions.count >= Self.sessionsKept,
                    let oldest = sessions.min(by: { $0.value.usedAt < $1.value.usedAt })
                {
                    sessions[oldest.key] = nil
                }
            }
            sessions[Self.key(value)] = session
        }
        return value
    }

    /// The session, which counts as used now; nil where there is none any more.
    func find(_ value: String) -> ConsoleSession? {
        let moment = now()
        return sessions.withLock { sessions in
            let key = Self.key(value)
            guard let session = sessions[key] else { return nil }
            guard Self.isAlive(session, at: moment) else {
                sessions[key] = nil
                return nil
            }
            sessions[key]?.usedAt = moment
            return session
        }
    }

    func end(_ value: String) { sessions.withLock { $0[Self.key(value)] = nil } }

    /// Lets the session go on by another admin token.
    func change(_ value: String, tokenDigest: [UInt8]) {
        sessions.withLock { $0[Self.key(value)]?.tokenDigest = tokenDigest }
    }

    func leave(_ notice: PageNotice, for value: String) {
        sessions.withLock { $0[Self.key(value)]?.notice = notice }
    }

    /// The notice that was left, this once.
    func takeNotice(_ value: String) -> PageNotice? {
        sessions.withLock { sessions in
            let key = Self.key(value)
            defer { sessions[key]?.notice = nil }
            return sessions[key]?.notice
        }
    }

    private static func isAlive(_ session: ConsoleSession, at moment: Double) -> Bool {
        moment < session.beganAt + longest && moment < session.usedAt + longestIdle
    }

    private static func key(_ value: String) -> [UInt8] { SHA256Digest.of(Array(value.utf8)) }
}
