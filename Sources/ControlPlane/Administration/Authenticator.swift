import Synchronization
package import UserDirectory

/// Tells who asks by an admin token.
package final class Authenticator: Sendable {
    private static let secondsBetweenNotes = 60.0

    private let store: any AdminTokenStore
    private let now: @Sendable () -> Double
    private let failures = FailureThrottle()
    /// When the use of each token was last noted.
    private let noted = Mutex<[String: Double]>([:])

    package init(store: any AdminTokenStore, now: @escaping @Sendable () -> Double) {
        self.store = store
        self.now = now
    }

    /// The token is looked up each time: one that was revoked is refused on the very next request.
    ///
    /// - Parameter authorization: the field's value.
    package func administrator(authorization: String?, address: String) async throws -> Administrator {
        guard let authorization else {
            throw AdminProblem(.adminTokenMissing, "an admin token is needed: Authorization: Bearer wga_…")
        }
        let parts = authorization.split(separator: " ", maxSplits: 1)
        let isBearer = parts.count == 2 && parts[0].lowercased() == "bearer"
        return try await administrator(token: isBearer ? String(parts[1]) : "", address: address).administrator
    }

    /// - Parameter token: its text.
    /// - Returns: also the digest, by which `resume` finds the token again.
    package func administrator(
        token: String, address: String
    ) async throws -> (administrator: Administrator, digest: [UInt8]) {
        if let digest = AdminTokenText.digest(of: token),
            let administrator = try await resume(digest, address: address)
        {
            return (administrator, digest)
        }
        if let wait = failures.note(address, at: now()) {
            var problem = AdminProblem(.rateLimited, "too many requests with a bad admin token")
            problem.retryAfter = wait
            throw problem
        }
        throw AdminProblem(.adminTokenInvalid, "the admin token is unknown, expired or revoked")
    }

    /// Who came in by the token with this digest; nil where it opens nothing any more.
    package func resume(_ digest: [UInt8], address: String) async throws -> Administrator? {
        let moment = now()
        guard let token = try await store.adminToken(digest: digest), token.isActive(at: moment) else { return nil }
        noteUse(token.id, at: moment)
        return Administrator(
            actor: AuditEntry.Actor(kind: .adminToken, id: token.id, name: token.name, address: address),
            scope: token.scope, cameByInitialToken: token.isInitial)
    }

    private func noteUse(_ id: String, at moment: Double) {
        let isDue = noted.withLock { noted in
            guard moment - (noted[id] ?? -.infinity) >= Self.secondsBetweenNotes else { return false }
            noted[id] = moment
            return true
        }
        // Nobody waits for it: the request must not hang on a store that is busy.
        if isDue { Task { [store] in await store.recordAdminTokenUse(id, at: moment) } }
    }
}

/// Counts failures by address, in bounded memory.
///
/// What is refused beyond the bound costs the same and tells less; a good token gets in all the same, so that nobody
/// can lock out an administrator who shares an address with them.
package final class FailureThrottle: Sendable {
    package static let failuresAllowed = 20
    /// Seconds that they are counted for.
    package static let period = 60.0
    private static let addressesKept = 4096

    private let counts = Mutex<[String: (since: Double, count: Int)]>([:])

    package init() {}

    /// Counts a failure. Returns after how many seconds to come again, where there have been too many.
    package func note(_ address: String, at moment: Double) -> Int? {
        counts.withLock { counts in
            if counts.count >= Self.addressesKept, counts[address] == nil {
                counts = counts.filter { moment - $0.value.since < Self.period }
                if counts.count >= Self.addressesKept { counts.removeAll() }
            }
            var entry = counts[address] ?? (moment, 0)
            if moment - entry.since >= Self.period { entry = (moment, 0) }
            entry.count += 1
            counts[address] = entry
            guard entry.count > Self.failuresAllowed else { return nil }
            return max(1, Int((entry.since + Self.period - moment).rounded(.up)))
        }
    }
}
