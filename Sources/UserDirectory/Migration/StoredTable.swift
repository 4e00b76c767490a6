/// A table as every kind of storage has it, for moving all that is stored from one kind to another.
///
/// What a kind of storage has beyond these is either made from them (`users.facts` of PostgreSQL) or concerns a running
/// gateway alone; a test holds this list against what the stores make.
package struct StoredTable: Sendable, Equatable {
    package struct Column: Sendable, Equatable {
        package let name: String
        package let kind: Kind
    }

    package enum Kind: Sendable {
        case text, integer, real, boolean, bytes
    }

    package let name: String
    package let columns: [Column]
    private let keyLength: Int

    private init(_ name: String, key keyLength: Int, _ columns: KeyValuePairs<String, Kind>) {
        self.name = name
        self.columns = columns.map { Column(name: $0.key, kind: $0.value) }
        self.keyLength = keyLength
    }

    /// The columns that name a row, by which rows are ordered: texts and bytes by their bytes.
    package var key: ArraySlice<Column> { columns[..<keyLength] }

    /// What these columns hold.
    package func key(of row: StoredRow) -> [StoredValue] { Array(row[..<keyLength]) }

    /// The table in which a target keeps how far a migration has come, for as long as one isn't finished.
    package static let progressTable = "storage_migration"
}

extension StoredTable {
    /// All, in an order in which none refers to a later one. In each, the columns of its key come first.
    package static let all =
        [
            organizations, hosts, secrets, signingKeys, users, sessions, usedTokens, signInTests, adminTokens, audit,
            adminRequests,
        ] + log

    /// The token log, the figures and the alerts, which a gateway with SQLite has in a file of their own.
    package static let log = [logEntries, logRepeats, logTraffic, logOutcomes, logRefusals, logAlerts]

    private static let organizations = StoredTable(
        "organizations", key: 1,
        ["id": .text, "settings": .text, "generation": .integer, "created_at": .real, "updated_at": .real])

    private static let hosts = StoredTable("hosts", key: 1, ["host": .text, "organization": .text])

    private static let secrets = StoredTable(
        "secrets", key: 1,
        [
            "id": .text, "organization": .text, "purpose": .text, "sealed": .bytes, "last4": .text,
            "created_at": .real, "last_used_at": .real, "revoked_at": .real, "valid_until": .real,
        ])

    private static let signingKeys = StoredTable(
        "signing_keys", key: 1, ["id": .text, "sealed": .bytes, "created_at": .real])

    package static let users = StoredTable(
        "users", key: 2,
        [
            "organization": .text, "seq": .integer, "id": .text, "external_id": .text, "email": .text,
            "email_folded": .text, "email_verified": .boolean, "name_folded": .text, "profile": .text,
            "unverified": .text, "role": .text, "created_at": .real, "updated_at": .real, "blocked_at": .real,
            "tokens_valid_after": .real,
        ])

    private static let sessions = StoredTable(
        "sessions", key: 2,
        [
            "organization": .text, "digest": .bytes, "user": .text, "key_id": .text, "created_at": .real,
            "expires_at": .real,
        ])

    private static let usedTokens = StoredTable(
        "used_tokens", key: 2,
        ["organization": .text, "digest": .bytes, "expires_at": .real])

    private static let signInTests = StoredTable(
        "sign_in_tests", key: 2,
        ["organization": .text, "passed": .boolean, "fingerprint": .text, "at": .real, "failure": .text])

    private static let adminTokens = StoredTable(
        "admin_tokens", key: 1,
        [
            "id": .text, "name": .text, "organization": .text, "read_only": .boolean, "digest": .bytes,
            "initial": .boolean, "created_at": .real, "expires_at": .real, "last_used_at": .real, "revoked_at": .real,
        ])

    private static let audit = StoredTable(
        "audit", key: 1,
        [
            "seq": .integer, "at": .real, "actor_kind": .text, "actor": .text, "actor_name": .text, "address": .text,
            "action": .text, "organization": .text, "subject": .text, "before": .text, "after": .text,
        ])

    private static let adminRequests = StoredTable(
        "admin_requests", key: 2,
        ["actor": .text, "key": .text, "digest": .bytes, "status": .integer, "body": .text, "at": .real])

    private static let logEntries = StoredTable(
        "log_entries", key: 1,
        [
            "id": .integer, "time": .real, "organization": .text, "class": .integer, "code": .text, "warnings": .text,
            "user": .text, "key_id": .text, "address": .text, "origin": .text, "source": .text,
            "stands_for": .integer,
        ])

    private static let logRepeats = StoredTable(
        "log_repeats", key: 3, ["organization": .text, "user": .text, "hour": .integer, "count": .integer])

    private static let logTraffic = StoredTable(
        "log_traffic", key: 2,
        [
            "organization": .text, "hour": .integer, "requests": .integer, "identified": .integer, "tokens": .integer,
            "user_hashes": .integer, "admissions": .integer,
        ])

    private static let logOutcomes = StoredTable(
        "log_outcomes", key: 3, ["organization": .text, "hour": .integer, "code": .text, "count": .integer])

    private static let logRefusals = StoredTable(
        "log_refusals", key: 5,
        [
            "organization": .text, "hour": .integer, "rule": .text, "code": .text, "origin": .text,
            "requests": .integer, "users": .bytes, "examples": .text,
        ])

    private static let logAlerts = StoredTable(
        "log_alerts", key: 1,
        [
            "id": .integer, "kind": .text, "organization": .text, "subject": .text, "first_seen": .real,
            "last_seen": .real, "count": .integer,
        ])
}
