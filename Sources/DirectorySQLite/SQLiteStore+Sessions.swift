import GRDB
import IdentityCore
package import UserDirectory

extension SQLiteStore: SessionStore {
    package func signIn(_ request: SignInRequest) async -> AdmissionOutcome {
        let organization = request.admission.organization
        do {
            return try await pool.write { [now] database in
                // The clock is read after the lock is held: `removeExpired` may have forgotten this very token while
                // the request waited, and by then the token was too old.
                let moment = now()
                guard moment < request.rememberUntil else { return .refused(.tokenExpired) }
                let used = UsedTokenTable(database: database)
                if let digest = request.tokenDigest, try used.contains(digest, of: organization) {
                    return .refused(.tokenReplayed)
                }
                let outcome = try Self.admit(request.admission, UserTable(database: database), at: moment)
                if case .admitted = outcome, let digest = request.tokenDigest {
                    try used.insert(digest, of: organization, until: request.rememberUntil)
                }
                return outcome
            }
        } catch {
            // Nothing of the transaction was written: the token isn't used up.
            return .unavailable
        }
    }

    package func begin(_ session: PortalSession, by permit: SignInPermit?) async throws {
        let moment = now()
        try await writing { database in
            try Self.requireOrganization(session.organization, database)
            guard try UserTable(database: database).user(id: session.user, organization: session.organization) != nil
            else { throw StoreError.userUnknown(session.user) }
            // A secret that was revoked, or came to its end, between the sign-in and its session: who ended the
            // sessions of that key must not find one more afterwards.
            guard try SecretTable.isActive(session.keyID, of: session.organization, at: moment, database) else {
                throw StoreError.secretUnknown(session.keyID)
            }
            if let permit {
                let used = UsedTokenTable(database: database)
                guard try !used.contains(permit.digest, of: session.organization) else { throw StoreError.permitUsed }
                try used.insert(permit.digest, of: session.organization, until: permit.rememberUntil)
            }
            try SessionTable(database: database).insert(session)
        }
    }

    package func resume(_ digest: SessionDigest, of organization: String, now: Double) async -> SessionOutcome {
        do {
            return try await pool.read { database in
                guard let session = try SessionTable(database: database).session(digest, of: organization),
                    now < session.expiresAt,
                    let user = try UserTable(database: database).user(id: session.user, organization: organization),
                    session.createdAt >= user.tokensValidAfter ?? -.infinity
                else { return .ended }
                return user.blockedAt == nil ? .active(session, user) : .refused(.userBlocked)
            }
        } catch {
            return .unavailable
        }
    }

    package func extend(_ digest: SessionDigest, of organization: String, until expiry: Double) async throws {
        let moment = now()
        try await writing {
            try SessionTable(database: $0).extend(digest, of: organization, until: expiry, at: moment)
        }
    }

    /// Raises no generation: one gateway has the file open, and it is the one that was asked.
    @discardableResult
    package func end(_ digest: SessionDigest, of organization: String) async throws -> PortalSession? {
        let moment = now()
        let session = try await writing { try SessionTable(database: $0).end(digest, of: organization) }
        return session.flatMap { moment < $0.expiresAt ? $0 : nil }
    }

    static func endSessions(
        of organization: String, _ selection: SessionSelection, _ database: Database, at moment: Double
    ) throws -> Int {
        try requireOrganization(organization, database)
        let count = try SessionTable(database: database).end(selection, of: organization, at: moment)
        if count > 0 { try database.bumpGeneration(of: organization) }
        return count
    }

    package func sessions(
        of organization: String, user: String?, after cursor: SessionCursor?, limit: Int
    ) async throws -> [PortalSession] {
        let moment = now()
        return try await reading { database in
            try Self.requireOrganization(organization, database)
            return try SessionTable(database: database)
                .sessions(of: organization, user: user, after: cursor, at: moment, limit: max(0, limit))
        }
    }

    /// Many small transactions, so that sign-ins get in between.
    @discardableResult
    package func removeExpired(now: Double) async throws -> Int {
        let batch = 500
        let steps: [@Sendable (Database) throws -> Int] = [
            { try SessionTable(database: $0).removeExpired(at: now, limit: batch) },
            { try UsedTokenTable(database: $0).removeExpired(at: now, limit: batch) },
        ]
        var removed = 0
        for step in steps {
            var last = batch
            while last == batch {
                last = try await writing(step)
                removed += last
            }
        }
        return removed
    }
}
