import IdentityCore
import PortalSSO
package import UserDirectory

/// What the portal's sign-in asks of storage, off the workers: each job runs as a task of its own, and its answer comes
/// back by the completion, from another thread.
///
/// No more than `maximum` jobs that read, and as many that write, are under way at once: beyond that the answer is
/// 'unavailable' at once. Where all writers wait for storage, who is signed in still goes on.
package final class SignIns: Sendable {
    private let store: any SessionStore & UserStore
    private let readers: JobRoom
    private let writers: JobRoom

    package init(store: any SessionStore & UserStore, maximum: Int = 2048) {
        self.store = store
        readers = JobRoom(maximum: maximum)
        writers = JobRoom(maximum: maximum)
    }

    /// Returns when nothing is under way any more.
    package func shutdown() async {
        while !readers.isEmpty || !writers.isEmpty { try? await Task.sleep(for: .milliseconds(5)) }
    }

    /// Finds the session of a cookie with its user; one that slides is moved on where it is due.
    func resume(
        _ digest: SessionDigest, of organization: String, lifetime: SessionLifetime, now: Double,
        completion: @escaping @Sendable (SessionOutcome) -> Void
    ) {
        readers.run(orElse: { completion(.unavailable) }) { [store, writers] in
            let outcome = await store.resume(digest, of: organization, now: now)
            guard case .active(let session, let user) = outcome, let expiry = lifetime.newExpiry(of: session, now: now)
            else { return completion(outcome) }
            writers.run(orElse: { completion(outcome) }) {
                var extended = session
                if (try? await store.extend(digest, of: organization, until: expiry)) != nil {
                    extended.expiresAt = expiry
                }
                completion(.active(extended, user))
            }
        }
    }

    /// Settles whom a verified token signs in, and begins the session where nobody needs to be asked.
    func signIn(
        _ request: SignInRequest, _ arrival: SignInArrival, _ browser: SignInBrowser,
        completion: @escaping @Sendable (SignInOutcome) -> Void
    ) {
        writers.run(orElse: { completion(.refused(.directoryUnavailable)) }) { [store] in
            switch await store.signIn(request) {
            case .unavailable: completion(.refused(.directoryUnavailable))
            case .refused(let code, let user): completion(.refused(code, user: user))
            case .admitted(let user, _): completion(await browser.settle(user, arrival, in: store))
            }
        }
    }

    /// Goes on with a sign-in that waited for a same-site request, or for its person's word.
    func complete(
        _ pending: PendingSignIn, _ arrival: SignInArrival, _ browser: SignInBrowser,
        completion: @escaping @Sendable (SignInOutcome) -> Void
    ) {
        writers.run(orElse: { completion(.refused(.directoryUnavailable)) }) { [store] in
            guard let user = try? await store.user(pending.user, of: browser.organization), user.id == pending.user
            else { return completion(.refused(.sessionExpired)) }
            if user.blockedAt != nil { return completion(.refused(.userBlocked, user: user.id)) }
            if let moment = user.tokensValidAfter, pending.decidedAt <= moment {
                return completion(.refused(.tokenRevoked, user: user.id))
            }
            completion(await browser.settle(user, arrival, in: store))
        }
    }

    /// Ends a browser's own sessions. False where storage couldn't be asked, and some may not have ended.
    func end(_ browser: SignInBrowser, completion: @escaping @Sendable (Bool) -> Void) {
        writers.run(orElse: { completion(false) }) { [store] in
            completion((try? await browser.endSessions(in: store)) != nil)
        }
    }

    /// Notes how a test went. Anybody can make a test fail: that is written once a second, not more.
    func record(_ test: SignInTest, of organization: String, completion: @escaping @Sendable () -> Void) {
        writers.run(orElse: completion) { [store] in
            if test.failure != nil, let last = try? await store.signInTests(of: organization).lastFailure,
                last.fingerprint == test.fingerprint, abs(test.at - last.at) < 1
            {
                return completion()
            }
            try? await store.record(test, of: organization)
            completion()
        }
    }
}

/// What a sign-in has come to.
enum SignInOutcome: Sendable {
    /// `user` is the directory's id of who is refused, where that is known.
    case refused(RejectionCode, user: String? = nil)
    /// The browser gets this session; the one that it had has ended.
    case begun(SessionID, user: String)
    /// The browser's cookies couldn't be seen: it is to ask again, from this site.
    case continueOnSameSite(DirectoryUser)
    /// Somebody else is signed in here.
    case ask(current: DirectoryUser, new: DirectoryUser)
}

/// How long sessions last.
struct SessionLifetime: Sendable {
    let seconds: Double
    let slides: Bool

    init(_ settings: SSOSettings) {
        seconds = Double(settings.sessionDays) * 86400
        slides = settings.slidingSessions
    }

    /// Where a session that is used now ends instead; nil where it stays. A day's use is one write, not more.
    func newExpiry(of session: PortalSession, now: Double) -> Double? {
        guard slides, now + seconds - session.expiresAt >= min(86400, seconds / 4) else { return nil }
        return now + seconds
    }
}

/// The browser that somebody signs in with.
struct SignInBrowser: Sendable {
    let organization: String
    /// The sessions that it has, or says that it has.
    let sessions: [SessionDigest]
    /// Its cookies could be seen: what isn't there isn't there.
    let showsCookies: Bool
    let allowsUnsolicited: Bool
    let lifetime: SessionLifetime
    let now: Double
    /// Makes the cache forget a session that has ended. Called before anybody hears of its end, from any thread, and
    /// whether or not the browser waits for the answer.
    let forget: @Sendable (PortalSession) -> Void

    /// Decides what becomes of a user's sign-in, and begins the session where that is it.
    func settle(
        _ user: DirectoryUser, _ arrival: SignInArrival, in store: any SessionStore
    ) async -> SignInOutcome {
        var current: DirectoryUser?
        for session in sessions where current == nil || current?.id == user.id {
            switch await store.resume(session, of: organization, now: now) {
            case .active(_, let user): current = user
            case .ended, .refused: break
            case .unavailable: return .refused(.directoryUnavailable)
            }
        }
        let decision = SignInDecision(
            SignInAttempt(
                initiator: arrival.initiator, allowUnsolicited: allowsUnsolicited, currentUser: current?.id,
                newUser: user.id, canSetSessionNow: showsCookies))
        switch decision {
        case .refuse(let code): return .refused(code, user: user.id)
        case .continueOnSameSite: return .continueOnSameSite(user)
        case .ask: return .ask(current: current ?? user, new: user)
        case .begin: return await begin(user, arrival, in: store)
        }
    }

    func endSessions(in store: any SessionStore) async throws {
        for digest in sessions {
            // Made-up ids don't queue up among those who write.
            if await store.resume(digest, of: organization, now: now) == .ended { continue }
            if let session = try await store.end(digest, of: organization) { forget(session) }
        }
    }

    /// Always under a new id, so that nobody can have known it before; the browser's old session ends.
    private func begin(
        _ user: DirectoryUser, _ arrival: SignInArrival, in store: any SessionStore
    ) async -> SignInOutcome {
        let id = SessionID.random()
        let begun = PortalSession(
            digest: id.digest, organization: organization, user: user.id, keyID: arrival.keyID, createdAt: now,
            expiresAt: now + lifetime.seconds)
        do {
            try await store.begin(begun, by: arrival.pending?.permit)
            try await endSessions(in: store)
            return .begun(id, user: user.id)
        } catch StoreError.permitUsed {
            return .refused(.tokenReplayed)
        } catch {
            return .refused(.directoryUnavailable)
        }
    }
}
