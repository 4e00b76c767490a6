import GRDB

/// The tables, step by step: a released step is never changed, only followed by another.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 organizations, secrets, users") { try $0.execute(sql: first) }
        migrator.registerMigration("2 generation of each organization") { try $0.execute(sql: second) }
        migrator.registerMigration("3 sessions, used tokens, sign-in tests") { try $0.execute(sql: third) }
        migrator.registerMigration("4 administration") { try $0.execute(sql: administration) }
        return migrator
    }

    /// `users.email` is the address as it was sent; only where `email_verified` is 1 does it lead to the user.
    /// `users.seq` gives the order of creation and is never used again after a deletion.
    private static let first = """
        CREATE TABLE meta (
            key TEXT PRIMARY KEY,
            value ANY NOT NULL
        ) STRICT, WITHOUT ROWID;
        INSERT INTO meta (key, value) VALUES ('generation', 1);

        CREATE TABLE organizations (
            id TEXT PRIMARY KEY,
            settings TEXT NOT NULL,
            created_at REAL NOT NULL,
            updated_at REAL NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE hosts (
            host TEXT PRIMARY KEY,
            organization TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX hosts_organization ON hosts (organization);

        CREATE TABLE secrets (
            id TEXT PRIMARY KEY,
            organization TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
            purpose TEXT NOT NULL,
            sealed BLOB NOT NULL,
            last4 TEXT NOT NULL,
            created_at REAL NOT NULL,
            last_used_at REAL,
            revoked_at REAL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX secrets_organization ON secrets (organization, created_at);

        CREATE TABLE signing_keys (
            id TEXT PRIMARY KEY,
            sealed BLOB NOT NULL,
            created_at REAL NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE users (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            organization TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
            external_id TEXT,
            email TEXT,
            email_folded TEXT,
            email_verified INTEGER NOT NULL,
            name_folded TEXT,
            profile TEXT NOT NULL,
            unverified TEXT NOT NULL,
            role TEXT NOT NULL,
            created_at REAL NOT NULL,
            updated_at REAL NOT NULL,
            blocked_at REAL,
            tokens_valid_after REAL
        ) STRICT;
        CREATE UNIQUE INDEX users_verified_email ON users (organization, email_folded, email) WHERE email_verified = 1;
        CREATE INDEX users_creation ON users (organization);
        CREATE INDEX users_external_id ON users (organization, external_id);
        CREATE INDEX users_email ON users (organization, email_folded);
        CREATE INDEX users_name ON users (organization, name_folded);
        """

    /// What happened to whom before isn't known, so everybody begins with the present generation.
    private static let second = """
        ALTER TABLE organizations ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
        UPDATE organizations SET generation = (SELECT value FROM meta WHERE key = 'generation');
        """

    /// `sessions.digest` is all there is of a session's id. A used token outlives its organization: one that is made
    /// again with the same secrets must not take it again.
    private static let third = """
        CREATE TABLE sessions (
            digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
            organization TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
            user TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            key_id TEXT NOT NULL,
            created_at REAL NOT NULL,
            expires_at REAL NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX sessions_creation ON sessions (organization, created_at);
        CREATE INDEX sessions_user ON sessions (user, created_at);
        CREATE INDEX sessions_key ON sessions (organization, key_id);
        CREATE INDEX sessions_expiry ON sessions (expires_at);

        CREATE TABLE used_tokens (
            organization TEXT NOT NULL,
            digest BLOB NOT NULL CHECK (length(digest) = 32),
            expires_at REAL NOT NULL,
            PRIMARY KEY (organization, digest)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX used_tokens_expiry ON used_tokens (expires_at);

        CREATE TABLE sign_in_tests (
            organization TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
            passed INTEGER NOT NULL,
            fingerprint TEXT NOT NULL,
            at REAL NOT NULL,
            failure TEXT,
            PRIMARY KEY (organization, passed)
        ) STRICT, WITHOUT ROWID;

        CREATE INDEX organizations_generation ON organizations (generation);
        """

    /// The audit log outlives what it tells of, so it refers to nothing, and nothing in it is ever changed. The indexes
    /// of users are for filters, and hold only those users who have something to be found by.
    private static let administration = """
        ALTER TABLE secrets ADD COLUMN valid_until REAL;

        CREATE TABLE admin_tokens (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            organization TEXT REFERENCES organizations (id) ON DELETE CASCADE,
            read_only INTEGER NOT NULL,
            digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
            initial INTEGER NOT NULL,
            created_at REAL NOT NULL,
            expires_at REAL,
            last_used_at REAL,
            revoked_at REAL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX admin_tokens_organization ON admin_tokens (organization, created_at);

        CREATE TABLE audit (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            at REAL NOT NULL,
            actor_kind TEXT NOT NULL,
            actor TEXT NOT NULL,
            actor_name TEXT NOT NULL,
            address TEXT,
            action TEXT NOT NULL,
            organization TEXT,
            subject TEXT,
            before TEXT,
            after TEXT
        ) STRICT;
        CREATE INDEX audit_organization ON audit (organization);
        CREATE INDEX audit_subject ON audit (subject);
        CREATE INDEX audit_actor ON audit (actor);
        CREATE INDEX audit_action ON audit (action);
        CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
        CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

        CREATE TABLE admin_requests (
            actor TEXT NOT NULL,
            key TEXT NOT NULL,
            digest BLOB NOT NULL,
            status INTEGER NOT NULL,
            body TEXT NOT NULL,
            at REAL NOT NULL,
            PRIMARY KEY (actor, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX admin_requests_age ON admin_requests (at);

        CREATE INDEX users_blocked ON users (organization) WHERE blocked_at IS NOT NULL;
        CREATE INDEX users_role ON users (organization, role) WHERE role <> 'user';
        CREATE INDEX users_status ON users (organization, json_extract(profile, '$.status'))
            WHERE json_extract(profile, '$.status') IS NOT NULL;
        CREATE INDEX users_plan ON users (organization, json_extract(profile, '$.company.plan'))
            WHERE json_extract(profile, '$.company.plan') IS NOT NULL;
        CREATE INDEX users_revenue ON users (organization, CAST(json_extract(profile, '$.company.mrr') AS REAL))
            WHERE CAST(json_extract(profile, '$.company.mrr') AS REAL) IS NOT NULL;
        """
}
