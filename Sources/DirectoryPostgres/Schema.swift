import Foundation
import UserDirectory

/// The tables, step by step: a released step is never changed, only followed by another.
enum Schema {
    static let steps = [SchemaStep(statements: first), SchemaStep(statements: second)]

    /// Brings the tables up to date, one process at a time; where they are up to date, nobody waits. Tables that a newer
    /// release has brought further are left as they are, as long as they say that this release can work with them.
    static func migrate(
        _ steps: [SchemaStep] = steps, _ connect: () throws -> PostgresConnection
    ) throws {
        let connection = try connect()
        if let state = try? State(connection), try state.isReady(for: steps) { return }
        connection.patience = nil
        var hasIndexesToMake = false
        try alone(connection) {
            try connection.execute(bookkeeping)
            let state = try State(connection)
            guard try !state.isReady(for: steps) else { return }
            for (index, step) in steps.enumerated().dropFirst(state.done) {
                try connection.execute(step.statements)
                try connection.run(
                    "INSERT INTO schema_steps (step, oldest, finished) VALUES ($1, $2, $3)",
                    [index + 1, step.oldest, step.indexes.isEmpty])
            }
            // Gateways that run look whether they can go on.
            try connection.execute("SELECT \(ChangeListener.announce)")
            hasIndexesToMake = try State(connection).unfinished.contains { $0 <= steps.count }
        }
        guard hasIndexesToMake else { return }
        // One connection holds the lock while the other works outside of any transaction.
        let worker = try connect()
        worker.patience = nil
        try alone(connection) {
            for step in try State(worker).unfinished where step <= steps.count {
                for index in steps[step - 1].indexes { try index.make(worker) }
                try worker.run("UPDATE schema_steps SET finished = true WHERE step = $1", [step])
            }
        }
    }

    /// Runs `body` in a transaction of which there is one at a time, and waits for another's as long as that takes: by
    /// asking again and again, since a statement that waits has a snapshot, and `CREATE INDEX CONCURRENTLY` waits for
    /// everybody who has one.
    private static func alone(_ connection: PostgresConnection, _ body: () throws -> Void) throws {
        while true {
            let isDone = try PostgresStore.transaction(connection, .write) { connection in
                let lock = "SELECT pg_try_advisory_xact_lock(\(PostgresStore.Lock.migration))"
                guard try connection.row(lock)?.bool(0) == true else { return false }
                // Not by `run`, by which the last statement's portal, and its snapshot, would last. Whoever uses a table
                // that a step must lock has a few seconds, and everybody else waits behind that.
                try connection.execute(
                    """
                    SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = 0;
                    SET LOCAL idle_in_transaction_session_timeout = 0
                    """)
                try body()
                return true
            }
            if isDone { return }
            Thread.sleep(forTimeInterval: 0.1)
        }
    }

    private static let bookkeeping = """
        SET LOCAL client_min_messages = warning;
        CREATE TABLE IF NOT EXISTS schema_steps (step INT PRIMARY KEY);
        ALTER TABLE schema_steps ADD COLUMN IF NOT EXISTS oldest INT NOT NULL DEFAULT 1;
        ALTER TABLE schema_steps ADD COLUMN IF NOT EXISTS finished BOOLEAN NOT NULL DEFAULT true;
        """

    /// What has been done to the tables.
    private struct State {
        var done = 0
        /// How many steps a program must know.
        var oldest = 1
        /// Steps whose indexes aren't all there.
        var unfinished: [Int] = []

        init(_ connection: PostgresConnection) throws {
            for row in try connection.rows("SELECT step, oldest, finished FROM schema_steps ORDER BY step") {
                done = Int(try row.integer(0))
                oldest = max(oldest, Int(try row.integer(1)))
                if try !row.bool(2) { unfinished.append(done) }
            }
        }

        /// Whether nothing is left to do. Throws where a newer release has left the tables in a form that is none of
        /// this one's.
        func isReady(for steps: [SchemaStep]) throws -> Bool {
            guard oldest <= steps.count else {
                throw StoreError.unavailable(SchemaWatch.words(done: done, oldest: oldest, known: steps.count))
            }
            return done >= steps.count && !unfinished.contains { $0 <= steps.count }
        }
    }

    /// Users, and what hangs on one, are spread over partitions by their organization, so that they can be spread over
    /// machines by it. Texts compare by bytes, for searches by their beginnings. `users.facts` holds what filters ask
    /// for, without what jsonb can't hold; `profile` is the whole, as JSON text. `leaves` tells gateways of sessions that
    /// ended at others. The audit log is numbered without gaps.
    private static let first = """
        CREATE TABLE meta (
            only_one BOOLEAN PRIMARY KEY DEFAULT true CHECK (only_one),
            generation BIGINT NOT NULL,
            key_check BYTEA
        );
        INSERT INTO meta (generation) VALUES (1);

        CREATE TABLE organizations (
            id TEXT COLLATE "C" PRIMARY KEY,
            settings TEXT NOT NULL,
            generation BIGINT NOT NULL DEFAULT 0,
            created_at FLOAT8 NOT NULL,
            updated_at FLOAT8 NOT NULL
        );
        CREATE INDEX organizations_generation ON organizations (generation);

        CREATE TABLE hosts (
            host TEXT COLLATE "C" PRIMARY KEY,
            organization TEXT COLLATE "C" NOT NULL REFERENCES organizations ON DELETE CASCADE
        );
        CREATE INDEX hosts_organization ON hosts (organization);

        CREATE TABLE secrets (
            id TEXT COLLATE "C" PRIMARY KEY,
            organization TEXT COLLATE "C" NOT NULL REFERENCES organizations ON DELETE CASCADE,
            purpose TEXT NOT NULL,
            sealed BYTEA NOT NULL,
            last4 TEXT NOT NULL,
            created_at FLOAT8 NOT NULL,
            last_used_at FLOAT8,
            revoked_at FLOAT8,
            valid_until FLOAT8
        );
        CREATE INDEX secrets_organization ON secrets (organization, created_at);

        CREATE TABLE signing_keys (
            id TEXT COLLATE "C" PRIMARY KEY,
            sealed BYTEA NOT NULL,
            created_at FLOAT8 NOT NULL
        );

        CREATE SEQUENCE users_seq;
        CREATE TABLE users (
            organization TEXT COLLATE "C" NOT NULL REFERENCES organizations ON DELETE CASCADE,
            id TEXT COLLATE "C" NOT NULL,
            seq BIGINT NOT NULL DEFAULT nextval('users_seq'),
            external_id TEXT COLLATE "C",
            email TEXT COLLATE "C",
            email_folded TEXT COLLATE "C",
            email_verified BOOLEAN NOT NULL,
            name_folded TEXT COLLATE "C",
            profile TEXT NOT NULL,
            facts JSONB NOT NULL,
            unverified TEXT NOT NULL,
            role TEXT NOT NULL,
            created_at FLOAT8 NOT NULL,
            updated_at FLOAT8 NOT NULL,
            blocked_at FLOAT8,
            tokens_valid_after FLOAT8,
            PRIMARY KEY (organization, id)
        ) PARTITION BY HASH (organization);
        CREATE UNIQUE INDEX users_verified_email ON users (organization, email_folded, email) WHERE email_verified;
        CREATE UNIQUE INDEX users_creation ON users (organization, seq);
        CREATE INDEX users_external_id ON users (organization, external_id);
        CREATE INDEX users_email ON users (organization, email_folded);
        CREATE INDEX users_name ON users (organization, name_folded);
        CREATE INDEX users_blocked ON users (organization) WHERE blocked_at IS NOT NULL;
        CREATE INDEX users_role ON users (organization, role) WHERE role <> 'user';
        CREATE INDEX users_status ON users (organization, (facts->>'status')) WHERE facts->>'status' IS NOT NULL;
        CREATE INDEX users_plan ON users (organization, (facts->>'plan')) WHERE facts->>'plan' IS NOT NULL;
        CREATE INDEX users_revenue ON users (organization, ((facts->>'mrr')::FLOAT8)) WHERE facts->>'mrr' IS NOT NULL;

        CREATE TABLE sessions (
            organization TEXT COLLATE "C" NOT NULL,
            digest BYTEA NOT NULL CHECK (length(digest) = 32),
            "user" TEXT COLLATE "C" NOT NULL,
            key_id TEXT COLLATE "C" NOT NULL,
            created_at FLOAT8 NOT NULL,
            expires_at FLOAT8 NOT NULL,
            PRIMARY KEY (organization, digest),
            FOREIGN KEY (organization, "user") REFERENCES users ON DELETE CASCADE
        ) PARTITION BY HASH (organization);
        CREATE INDEX sessions_creation ON sessions (organization, created_at);
        CREATE INDEX sessions_user ON sessions (organization, "user", created_at);
        CREATE INDEX sessions_key ON sessions (organization, key_id);
        CREATE INDEX sessions_expiry ON sessions (expires_at);

        DO $$ BEGIN
            FOR part IN 0..15 LOOP
                EXECUTE format('CREATE TABLE users_%s PARTITION OF users FOR VALUES WITH (MODULUS 16, REMAINDER %s)',
                    part, part);
                EXECUTE format(
                    'CREATE TABLE sessions_%s PARTITION OF sessions FOR VALUES WITH (MODULUS 16, REMAINDER %s)',
                    part, part);
            END LOOP;
        END $$;

        CREATE TABLE leaves (
            seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            organization TEXT COLLATE "C" NOT NULL,
            "user" TEXT COLLATE "C" NOT NULL,
            at FLOAT8 NOT NULL
        );

        CREATE TABLE used_tokens (
            organization TEXT COLLATE "C" NOT NULL,
            digest BYTEA NOT NULL CHECK (length(digest) = 32),
            expires_at FLOAT8 NOT NULL,
            PRIMARY KEY (organization, digest)
        );
        CREATE INDEX used_tokens_expiry ON used_tokens (expires_at);

        CREATE TABLE sign_in_tests (
            organization TEXT COLLATE "C" NOT NULL REFERENCES organizations ON DELETE CASCADE,
            passed BOOLEAN NOT NULL,
            fingerprint TEXT NOT NULL,
            at FLOAT8 NOT NULL,
            failure TEXT,
            PRIMARY KEY (organization, passed)
        );

        CREATE TABLE admin_tokens (
            id TEXT COLLATE "C" PRIMARY KEY,
            name TEXT NOT NULL,
            organization TEXT COLLATE "C" REFERENCES organizations ON DELETE CASCADE,
            read_only BOOLEAN NOT NULL,
            digest BYTEA NOT NULL UNIQUE CHECK (length(digest) = 32),
            initial BOOLEAN NOT NULL,
            created_at FLOAT8 NOT NULL,
            expires_at FLOAT8,
            last_used_at FLOAT8,
            revoked_at FLOAT8
        );
        CREATE INDEX admin_tokens_organization ON admin_tokens (organization, created_at);

        CREATE TABLE audit (
            seq BIGINT PRIMARY KEY,
            at FLOAT8 NOT NULL,
            actor_kind TEXT NOT NULL,
            actor TEXT NOT NULL,
            actor_name TEXT NOT NULL,
            address TEXT,
            action TEXT NOT NULL,
            organization TEXT COLLATE "C",
            subject TEXT,
            before TEXT,
            after TEXT
        );
        CREATE INDEX audit_organization ON audit (organization, seq);
        CREATE INDEX audit_subject ON audit (subject, seq);
        CREATE INDEX audit_actor ON audit (actor, seq);
        CREATE INDEX audit_action ON audit (action, seq);
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$;
        CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

        CREATE TABLE admin_requests (
            actor TEXT NOT NULL,
            key TEXT NOT NULL,
            digest BYTEA NOT NULL,
            status INT NOT NULL,
            body TEXT NOT NULL,
            at FLOAT8 NOT NULL,
            PRIMARY KEY (actor, key)
        );
        CREATE INDEX admin_requests_age ON admin_requests (at);
        """

    /// What gateways learn of each other, and the token log, the figures and the alerts that they share. Times are
    /// seconds since 1970, hours those at which they begin. `log_entries.class` is whose fault a row is (`EntryClass`).
    private static let second = """
        ALTER TABLE meta ADD COLUMN leaves_forgotten BIGINT NOT NULL DEFAULT 0;

        CREATE TABLE gateways (
            id TEXT COLLATE "C" PRIMARY KEY,
            seen_at TIMESTAMPTZ NOT NULL
        );

        CREATE TABLE log_entries (
            id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            time FLOAT8 NOT NULL,
            organization TEXT COLLATE "C" NOT NULL,
            class INT NOT NULL,
            code TEXT NOT NULL,
            warnings TEXT NOT NULL,
            "user" TEXT COLLATE "C",
            key_id TEXT COLLATE "C",
            address TEXT COLLATE "C" NOT NULL,
            origin TEXT COLLATE "C",
            source TEXT NOT NULL,
            stands_for BIGINT NOT NULL
        );
        CREATE INDEX log_entries_organization ON log_entries (organization, id);
        CREATE INDEX log_entries_class ON log_entries (organization, class, id);
        CREATE INDEX log_entries_user ON log_entries ("user", id) WHERE "user" IS NOT NULL;
        CREATE INDEX log_entries_address ON log_entries (address, id);
        CREATE INDEX log_entries_time ON log_entries (time);

        CREATE TABLE log_repeats (
            organization TEXT COLLATE "C" NOT NULL,
            "user" TEXT COLLATE "C" NOT NULL,
            hour BIGINT NOT NULL,
            count BIGINT NOT NULL,
            PRIMARY KEY (organization, "user", hour)
        );
        CREATE INDEX log_repeats_hour ON log_repeats (hour);

        CREATE TABLE log_traffic (
            organization TEXT COLLATE "C" NOT NULL,
            hour BIGINT NOT NULL,
            requests BIGINT NOT NULL,
            identified BIGINT NOT NULL,
            tokens BIGINT NOT NULL,
            user_hashes BIGINT NOT NULL,
            admissions BIGINT NOT NULL,
            PRIMARY KEY (organization, hour)
        );
        CREATE INDEX log_traffic_hour ON log_traffic (hour);

        CREATE TABLE log_outcomes (
            organization TEXT COLLATE "C" NOT NULL,
            hour BIGINT NOT NULL,
            code TEXT COLLATE "C" NOT NULL,
            count BIGINT NOT NULL,
            PRIMARY KEY (organization, hour, code)
        );
        CREATE INDEX log_outcomes_hour ON log_outcomes (hour);

        CREATE TABLE log_refusals (
            organization TEXT COLLATE "C" NOT NULL,
            hour BIGINT NOT NULL,
            rule TEXT COLLATE "C" NOT NULL,
            code TEXT COLLATE "C" NOT NULL,
            origin TEXT COLLATE "C" NOT NULL,
            requests BIGINT NOT NULL,
            users BYTEA NOT NULL,
            examples TEXT NOT NULL,
            PRIMARY KEY (organization, hour, rule, code, origin)
        );
        CREATE INDEX log_refusals_hour ON log_refusals (hour);

        CREATE TABLE log_alerts (
            id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            kind TEXT COLLATE "C" NOT NULL,
            organization TEXT COLLATE "C" NOT NULL,
            subject TEXT COLLATE "C" NOT NULL,
            first_seen FLOAT8 NOT NULL,
            last_seen FLOAT8 NOT NULL,
            count BIGINT NOT NULL
        );
        CREATE INDEX log_alerts_subject ON log_alerts (organization, kind, subject, last_seen);
        CREATE INDEX log_alerts_organization ON log_alerts (organization, last_seen);
        CREATE INDEX log_alerts_seen ON log_alerts (last_seen);
        """
}
