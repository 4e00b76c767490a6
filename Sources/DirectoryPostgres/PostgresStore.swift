import Foundation
import MessageAuthentication
package import UserDirectory

/// Users, organizations, secrets, sessions and the audit log in a PostgreSQL database that several gateways share.
///
/// Writers of one organization's users wait for each other by an advisory lock of that organization, and operators'
/// changes by one for all, so that decisions that were made from what is there hold when they are written. Everything
/// that is acknowledged is committed; `synchronous_commit` is asked for in each transaction.
package final class PostgresStore: UserDirectory, OrganizationStore, UserStore, Sendable {
    let pool: PostgresPool
    let box: SecretBox
    /// Seconds since 1970.
    let now: @Sendable () -> Double
    let listener: ChangeListener
    let watch: SchemaWatch

    /// Opens the database and brings its tables up to date. Of several processes that do this at once, all succeed.
    ///
    /// Throws `masterKeyWrong` where secrets are stored under another key, `unavailable` where the database can't be
    /// used.
    ///
    /// - Parameters:
    ///   - address: `postgres://user@host/database?sslmode=verify-full`, as libpq documents it.
    ///   - notifyAddress: the same database past a pooler; nil: `address`.
    package convenience init(
        address: String, notifyAddress: String? = nil, masterKey: MasterKey
    ) throws(StoreError) {
        try self.init(
            address: address, notifyAddress: notifyAddress, masterKey: masterKey,
            now: { Date().timeIntervalSince1970 })
    }

    /// The same with a clock of the caller's.
    package convenience init(
        address: String, notifyAddress: String? = nil, masterKey: MasterKey, now: @escaping @Sendable () -> Double,
        connections: Int = 8
    ) throws(StoreError) {
        try self.init(
            address: address, notifyAddress: notifyAddress, masterKey: masterKey, now: now, connections: connections,
            steps: Schema.steps)
    }

    /// As a release that knows these steps.
    init(
        address: String, notifyAddress: String? = nil, masterKey: MasterKey, now: @escaping @Sendable () -> Double,
        connections: Int, steps: [SchemaStep]
    ) throws(StoreError) {
        do { box = try SecretBox(masterKey: masterKey.bytes) } catch { throw .masterKeyInvalid("no usable master key") }
        self.now = now
        listener = ChangeListener(
            address: Self.withTimeouts(notifyAddress ?? address), announcing: Self.withTimeouts(address))
        pool = PostgresPool(address: Self.withTimeouts(address), connections: connections)
        watch = SchemaWatch(known: steps.count)
        do {
            try Schema.migrate(steps) { try PostgresConnection(Self.withTimeouts(address)) }
            let connection = try PostgresConnection(Self.withTimeouts(address))
            guard try !connection.hasTable(StoredTable.progressTable) else { throw StoreError.migrationUnfinished }
            try Self.transaction(connection, .write) { try KeyCheck(box: box).pass($0) }
        } catch {
            throw Self.storeError(error)
        }
    }

    /// Whether the database holds anything encrypted, so that its master key must exist: pass the opposite as
    /// `createIfMissing` of `MasterKey.load`.
    package static func holdsSecrets(address: String) throws(StoreError) -> Bool {
        do {
            let connection = try PostgresConnection(withTimeouts(address))
            guard try connection.hasTable("secrets") else { return false }
            return try KeyCheck.isNeeded(connection)
        } catch {
            throw storeError(error)
        }
    }

    /// A server that is gone is noticed within seconds, where the address doesn't say otherwise.
    static func withTimeouts(_ address: String) -> String {
        var address = address
        for (name, value) in [
            ("connect_timeout", "3"), ("tcp_user_timeout", "5000"), ("keepalives_idle", "10"),
            ("application_name", "widget-gateway"),
        ] where !address.contains(name + "=") {
            address += (address.contains("?") ? "&" : "?") + "\(name)=\(value)"
        }
        return address
    }

    // MARK: Transactions

    enum TransactionKind {
        /// All statements see the same moment.
        case read
        case write
        /// Alone among all changes by operators.
        case administer
        /// What needn't outlive a power cut.
        case record

        /// The longest that one statement may take, in seconds: a request may wait for two transactions of others. What
        /// operators do may concern everybody in an organization.
        var seconds: Int {
            switch self {
            case .read, .write: 5
            case .record: 10
            case .administer: 120
            }
        }

        /// The statements that it begins with.
        var beginning: [String] {
            switch self {
            case .read: ["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", Self.settings([timeout])]
            case .write, .record: ["BEGIN", Self.settings([timeout] + toWrite)]
            case .administer:
                ["BEGIN", Self.settings([timeout] + toWrite), "SELECT pg_advisory_xact_lock(\(Lock.operators))"]
            }
        }

        private var timeout: (String, String) { ("statement_timeout", "\(seconds)s") }

        private var toWrite: [(String, String)] {
            [("lock_timeout", "4s"), ("synchronous_commit", self == .record ? "off" : "on")]
        }

        /// For this transaction alone.
        private static func settings(_ values: [(name: String, value: String)]) -> String {
            "SELECT " + values.map { "set_config('\($0.name)', '\($0.value)', true)" }.joined(separator: ", ")
        }
    }

    /// The keys of advisory locks, in a space of their own.
    enum Lock {
        static let migration = 7_310_598_001
        static let operators = 7_310_598_002
        static let leaves = 7_310_598_003
        static let tokenLog = 7_310_598_004
        static let trimming = 7_310_598_005
        static let figures = 7_310_598_006
        static let alerts = 7_310_598_007
        /// The first of two keys; the second is the organization's hash.
        static let organization = 731_059
    }

    /// A reading transaction; errors are `StoreError`s.
    func reading<Value: Sendable>(
        _ body: @escaping @Sendable (PostgresConnection) throws -> Value
    ) async throws -> Value { try await transaction(.read, body) }

    /// The same in tables of whatever form: what a gateway must hear of, say that somebody was blocked.
    func readingAnyway<Value: Sendable>(
        _ body: @escaping @Sendable (PostgresConnection) throws -> Value
    ) async throws -> Value {
        do {
            return try await pool.perform { try Self.transaction($0, .read, nil, body) }
        } catch is PostgresFailure {
            throw Self.outOfReach
        }
    }

    /// Reading without a transaction, in tables of whatever form: what is asked often.
    func asking<Value: Sendable>(
        _ body: @escaping @Sendable (PostgresConnection) throws -> Value
    ) async throws -> Value {
        do {
            return try await pool.perform { connection in
                do {
                    return try body(connection)
                } catch var failure as PostgresFailure {
                    failure.hasLeftNothing = connection.isLost
                    throw failure
                }
            }
        } catch is PostgresFailure {
            throw Self.outOfReach
        }
    }

    private static let outOfReach = StoreError.unavailable("the database can't be used at the moment")

    /// A writing transaction: all of it or nothing; errors are `StoreError`s. `body` may be run again, where the
    /// transaction met another in a way that neither could have waited for, or its connection was lost before `COMMIT`
    /// was sent. Whether a lost `COMMIT` was heard isn't known: that is left to whoever asked.
    func writing<Value: Sendable>(
        _ body: @escaping @Sendable (PostgresConnection) throws -> Value
    ) async throws -> Value { try await transaction(.write, body) }

    /// The same for changes by operators.
    func administering<Value: Sendable>(
        _ body: @escaping @Sendable (PostgresConnection) throws -> Value
    ) async throws -> Value { try await transaction(.administer, body) }

    func transaction<Value: Sendable>(
        _ kind: TransactionKind, _ body: @escaping @Sendable (PostgresConnection) throws -> Value
    ) async throws -> Value {
        do {
            return try await pool.perform { [watch] in try Self.transaction($0, kind, watch, body) }
        } catch is PostgresFailure {
            throw Self.outOfReach
        }
    }

    /// - Parameter watch: who sees that the tables are of a known form; nil: they needn't be.
    static func transaction<Value>(
        _ connection: PostgresConnection, _ kind: TransactionKind, _ watch: SchemaWatch? = nil,
        _ body: (PostgresConnection) throws -> Value
    ) throws -> Value {
        try watch?.require()
        let patience = connection.patience
        defer { connection.patience = patience }
        // A server that doesn't end a statement in its time doesn't answer any more.
        if patience != nil { connection.patience = Double(kind.seconds + 3) }
        var attempts = 0
        while true {
            attempts += 1
            var mayBeCommitted = false
            do {
                // What only has to be done goes with what is asked: a round trip less for each.
                for statement in kind.beginning { connection.hold(statement) }
                if kind != .read { watch?.hold(connection) }
                // Whoever has waited for another operator looks at the clock afterwards.
                if kind == .administer { try connection.sendHeld() }
                let value = try body(connection)
                mayBeCommitted = kind != .read
                try connection.run("COMMIT")
                return value
            } catch let failure as PostgresFailure where failure.isWorthAnotherTry && attempts < 4 {
                connection.dropHeld()
                try connection.execute("ROLLBACK")
            } catch {
                connection.dropHeld()
                try? connection.execute("ROLLBACK")
                guard var failure = error as? PostgresFailure else { throw error }
                failure.hasLeftNothing = connection.isLost && !mayBeCommitted
                throw failure
            }
        }
    }

    static func storeError(_ error: any Error) -> StoreError {
        switch error {
        case let error as StoreError: error
        case let failure as PostgresFailure: .unavailable(failure.message)
        default: .unavailable("the database can't be opened")
        }
    }
}

extension PostgresConnection {
    /// The number that goes up with each change by an operator, in the same transaction as the change; `organization`
    /// is the one whose identities the change concerns, nil where it concerns nobody's.
    func bumpGeneration(of organization: String?) throws {
        try run("UPDATE meta SET generation = generation + 1 RETURNING \(ChangeListener.announce)")
        guard let organization else { return }
        try run(
            "UPDATE organizations SET generation = (SELECT generation FROM meta) WHERE id = $1", [organization])
    }

    /// Until the transaction ends, nobody else writes users of these organizations. In one order, so that nobody waits
    /// for who waits for them.
    func lockUsers(of organizations: some Sequence<String>) {
        hold(
            """
            SELECT pg_advisory_xact_lock(\(PostgresStore.Lock.organization), key)
            FROM (SELECT DISTINCT hashtext(name) AS key FROM unnest($1::text[]) AS name ORDER BY key) AS keys
            """, [Texts(organizations)])
    }

    func hasTable(_ name: String) throws -> Bool {
        try row("SELECT to_regclass($1)", [name])?.textIfAny(0) != nil
    }

    func requireOrganization(_ id: String) throws {
        guard try row("SELECT 1 FROM organizations WHERE id = $1", [id]) != nil else {
            throw StoreError.organizationUnknown(id)
        }
    }
}
