import GRDB

/// The tables of the file beside the directory, step by step: a released step is never changed, only followed by another.
enum TelemetrySchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 token log, figures, alerts") { try $0.execute(sql: first) }
        return migrator
    }

    /// Times are seconds since 1970, hours those at which they begin. `entries.class` is whose fault a row is
    /// (`EntryClass`): what there is too much of goes by organization and class.
    private static let first = """
        CREATE TABLE entries (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            time REAL NOT NULL,
            organization TEXT NOT NULL,
            class INTEGER NOT NULL,
            code TEXT NOT NULL,
            warnings TEXT NOT NULL,
            user TEXT,
            key_id TEXT,
            address TEXT NOT NULL,
            origin TEXT,
            source TEXT NOT NULL,
            stands_for INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX entries_organization ON entries (organization, id);
        CREATE INDEX entries_class ON entries (organization, class, id);
        CREATE INDEX entries_user ON entries (user, id) WHERE user IS NOT NULL;
        CREATE INDEX entries_address ON entries (address, id);
        CREATE INDEX entries_time ON entries (time);

        CREATE TABLE repeats (
            organization TEXT NOT NULL,
            user TEXT NOT NULL,
            hour INTEGER NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (organization, user, hour)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX repeats_hour ON repeats (hour);

        CREATE TABLE traffic (
            organization TEXT NOT NULL,
            hour INTEGER NOT NULL,
            requests INTEGER NOT NULL,
            identified INTEGER NOT NULL,
            tokens INTEGER NOT NULL,
            user_hashes INTEGER NOT NULL,
            admissions INTEGER NOT NULL,
            PRIMARY KEY (organization, hour)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX traffic_hour ON traffic (hour);

        CREATE TABLE outcomes (
            organization TEXT NOT NULL,
            hour INTEGER NOT NULL,
            code TEXT NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (organization, hour, code)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX outcomes_hour ON outcomes (hour);

        CREATE TABLE would_refuse (
            organization TEXT NOT NULL,
            hour INTEGER NOT NULL,
            rule TEXT NOT NULL,
            code TEXT NOT NULL,
            origin TEXT NOT NULL,
            requests INTEGER NOT NULL,
            users BLOB NOT NULL,
            examples TEXT NOT NULL,
            PRIMARY KEY (organization, hour, rule, code, origin)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX would_refuse_hour ON would_refuse (hour);

        CREATE TABLE alerts (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            organization TEXT NOT NULL,
            subject TEXT NOT NULL,
            first_seen REAL NOT NULL,
            last_seen REAL NOT NULL,
            count INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX alerts_subject ON alerts (organization, kind, subject, last_seen);
        CREATE INDEX alerts_organization ON alerts (organization, last_seen);
        CREATE INDEX alerts_seen ON alerts (last_seen);
        """
}
