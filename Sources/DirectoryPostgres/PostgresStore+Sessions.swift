import IdentityCore
package import UserDirectory

extension PostgresStore: SessionStore {
    package func signIn(_ request: SignInRequest) async -> AdmissionOutcome {
        let admission = request.admission
        do {
            return try await writing { [now] connection in
                connection.lockUsers(of: [admission.organization])
                let isUsed =
                    if let digest = request.tokenDigest {
                        try connection.row(
                            "SELECT 1 FROM used_tokens WHERE organization = $1 AND digest = $2",
                            [admission.organization, digest]) != nil
                    } else {
                        false
                    }
                // The clock is read after the lock is held: `removeExpired` may have forgotten this very token while
                // the request waited, and by then the token was too old.
                let moment = now()
                guard moment < request.rememberUntil else { return .refused(.tokenExpired) }
                if isUsed { return .refused(.tokenReplayed) }
                let outcome = try Self.admit([admission], connection, at: moment)[0]
                if case .admitted = outcome, let digest = request.tokenDigest {
                    let isFirst = try UsedTokenTable(connection: connection)
                        .use(digest, of: admission.organization, until: request.rememberUntil)
                    if !isFirst { return .refused(.tokenReplayed) }
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
        try await writing { connection in
            try connection.requireOrganization(session.organization)
            guard
                try connection.row(
                    "SELECT 1 FROM users WHERE organization = $1 AND id = $2 FOR KEY SHARE",
                    [session.organization, session.user]) != nil
            else { throw StoreError.userUnknown(session.user) }
            // It can't be revoked until the session is there: who ends the sessions of that key then finds this one.
            guard
                try SecretTable.holdActive(session.keyID, of: session.organization, at: moment, connection)
            else { throw StoreError.secretUnknown(session.keyID) }
            if let permit {
                let isFirst = try UsedTokenTable(connection: connection)
                    .use(permit.digest, of: session.organization, until: permit.rememberUntil)
                guard isFirst else { throw StoreError.permitUsed }
            }
            try SessionTable(connection: connection).insert(session)
        }
    }

    package func resume(_ digest: SessionDigest, of organization: String, now: Double) async -> SessionOutcome {
        do {
            return try await reading { connection in
                guard let session = try SessionTable(connection: connection).session(digest, of: organization),
                    now < session.expiresAt,
                    let user = try UserTable(connection: connection).user(id: session.user, organization: organization),
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
            try SessionTable(connection: $0).extend(digest, of: organization, until: expiry, at: moment)
        }
    }

    /// Notes it among the leaves, by which the other gateways forget the session, too.
    @discardableResult
    package func end(_ digest: SessionDigest, of organization: String) async throws -> PortalSession? {
        let moment = now()
        return try await writing { connection in
            guard let session = try SessionTable(connection: connection).end(digest, of: organization),
                moment < session.expiresAt
            else { return nil }
            // One after the other: who has read a number must have seen all lower ones.
            try connection.run("SELECT pg_advisory_xact_lock(\(Lock.leaves))")
            try connection.run(
                """
                INSERT INTO leaves (organization, "user", at) VALUES ($1, $2, $3)
                RETURNING \(ChangeListener.announce)
                """,
                [organization, session.user, moment])
            return session
        }
    }

    package func leaves(after number: Int64?) async throws -> SessionLeaves {
        try await asking { connection in
            guard let number else {
                let row = try connection.row("SELECT coalesce(max(seq), 0) FROM leaves")
                return SessionLeaves(last: try row?.integer(0) ?? 0, users: [])
            }
            let rows = try connection.rows(
                "SELECT seq, organization, \"user\" FROM leaves WHERE seq > $1 ORDER BY seq", [number])
            let forgotten = try connection.row("SELECT leaves_forgotten FROM meta")?.integer(0) ?? 0
            return SessionLeaves(
                last: max(try rows.last?.integer(0) ?? number, forgotten),
                users: try rows.map { (try $0.text(1), try $0.text(2)) }, isComplete: number >= forgotten)
        }
    }

    static func endSessions(
        of organization: String, _ selection: SessionSelection, _ connection: PostgresConnection, at moment: Double
    ) throws -> Int {
        try connection.requireOrganization(organization)
        let count = try SessionTable(connection: connection).end(selection, of: organization, at: moment)
        if count > 0 { try connection.bumpGeneration(of: organization) }
        return count
    }

    package func sessions(
        of organization: String, user: String?, after cursor: SessionCursor?, limit: Int
    ) async throws -> [PortalSession] {
        let moment = now()
        return try await reading { connection in
            try connection.requireOrganization(organization)
            return try SessionTable(connection: connection)
                .sessions(of: organization, user: user, after: cursor, at: moment, limit: max(0, limit))
        }
    }

    /// Many small transactions, so that others get in between.
    @discardableResult
    package func removeExpired(now: Double) async throws -> Int {
        let batch = 500
        let steps: [@Sendable (PostgresConnection) throws -> Int] = [
            { try SessionTable(connection: $0).removeExpired(at: now, limit: batch) },
            { try UsedTokenTable(connection: $0).removeExpired(at: now, limit: batch) },
            // Who has been cut off for longer is told that it has missed some.
            {
                try $0.run(
                    """
                    WITH gone AS (DELETE FROM leaves WHERE at < $1::float8 RETURNING seq)
                    UPDATE meta SET leaves_forgotten = greatest(leaves_forgotten, (SELECT max(seq) FROM gone))
                    WHERE EXISTS (SELECT 1 FROM gone)
                    """, [now - 3600])
            },
        ]
        var removed = 0
        for step in steps {
            var last = batch
            while last >= batch {
                last = try await writing(step)
                removed += last
            }
        }
        return removed
    }

    package func record(_ test: SignInTest, of organization: String) async throws {
        try await writing { connection in
            try connection.requireOrganization(organization)
            try connection.run(
                """
                INSERT INTO sign_in_tests (organization, passed, fingerprint, at, failure) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (organization, passed) DO UPDATE SET fingerprint = $3, at = $4, failure = $5
                """,
                [organization, test.failure == nil, test.fingerprint, test.at, test.failure?.rawValue])
        }
    }

    package func signInTests(of organization: String) async throws -> SignInTests {
        try await reading { connection in
            try connection.requireOrganization(organization)
            return try Self.signInTests(of: organization, connection)
        }
    }

    static func signInTests(of organization: String, _ connection: PostgresConnection) throws -> SignInTests {
        var tests = SignInTests()
        for row in try connection.rows(
            "SELECT passed, fingerprint, at, failure FROM sign_in_tests WHERE organization = $1", [organization])
        {
            let (fingerprint, moment) = (try row.text(1), try row.double(2))
            if try row.bool(0) {
                tests.lastSuccess = SignInTest(fingerprint: fingerprint, at: moment, failure: nil)
            } else if let code = row.textIfAny(3).flatMap(RejectionCode.init(rawValue:)) {
                tests.lastFailure = SignInTest(fingerprint: fingerprint, at: moment, failure: code)
            }
        }
        return tests
    }
}
