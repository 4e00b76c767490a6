package import UserDirectory

/// What administrators do, whether over the API, in the console or on the command line.
///
/// Each change is checked against who asks, made in one transaction with its entry in the audit log, and in force on
/// this node when the function returns.
package struct Administration: Sendable {
    package typealias Store = AdminStore & AdminTokenStore & AuditStore & OrganizationStore & UserStore & UserSearch
        & SessionStore & UserCensus
    package typealias Telemetry = TokenLogStore & ReportStore & AlertStore

    package let store: any Store
    /// Token log, figures of rules, and alerts.
    package let telemetry: any Telemetry
    /// Seconds since 1970.
    package let now: @Sendable () -> Double
    /// Ports where this gateway speaks without TLS: what a portal on loopback is seen at.
    package let cleartextPorts: Set<UInt16>
    private let changed: @Sendable () async -> Void

    /// - Parameter changed: brings what was stored into force on this node.
    package init(
        store: any Store, telemetry: any Telemetry, cleartextPorts: Set<UInt16> = [],
        now: @escaping @Sendable () -> Double, changed: @escaping @Sendable () async -> Void
    ) {
        self.store = store
        self.telemetry = telemetry
        self.cleartextPorts = cleartextPorts
        self.now = now
        self.changed = changed
    }

    package var organizations: OrganizationService { OrganizationService(base: self) }
    package var secrets: SecretService { SecretService(base: self) }
    package var users: UserService { UserService(base: self) }
    package var sessions: SessionService { SessionService(base: self) }
    package var signIn: SignInService { SignInService(base: self) }
    package var audit: AuditService { AuditService(base: self) }
    package var tokenLog: TokenLogService { TokenLogService(base: self) }
    package var reports: ReportService { ReportService(base: self) }
    package var tokenChecks: TokenCheckService { TokenCheckService(base: self) }
    package var adminTokens: AdminTokenService { AdminTokenService(base: self) }

    /// Runs `body` in one transaction and brings what it changed into force. The caller has checked who asks.
    func change<Value: Sendable>(
        _ body: @escaping @Sendable (any AdminTransaction) throws -> Value
    ) async throws -> Value {
        let value = try await store.administer(body)
        await changed()
        return value
    }

    /// The same for a request that may come twice: the second time it isn't made again.
    func change<Value: Sendable>(
        once: Once<Value>?, _ body: @escaping @Sendable (any AdminTransaction) throws -> Value
    ) async throws -> Made<Value> {
        let made: Made<Value> = try await store.administer { transaction in
            guard let once else { return .now(try body(transaction)) }
            if let earlier = try transaction.earlierRequest(once.key) {
                guard earlier.digest == once.digest else {
                    throw AdminProblem(.idempotencyKeyReused, "this Idempotency-Key belongs to another request")
                }
                return .earlier(earlier)
            }
            let value = try body(transaction)
            let request = EarlierRequest(digest: once.digest, status: once.status, body: once.keep(value))
            try transaction.remember(request, as: once.key)
            return .now(value)
        }
        if case .now = made { await changed() }
        return made
    }
}

/// A request that may come twice.
package struct Once<Value: Sendable>: Sendable {
    package var key: IdempotencyKey
    /// SHA-256 over what is asked.
    package var digest: [UInt8]
    package var status: Int
    /// The answer's body without what is shown only once.
    package var keep: @Sendable (Value) -> String

    package init(key: IdempotencyKey, digest: [UInt8], status: Int, keep: @escaping @Sendable (Value) -> String) {
        self.key = key
        self.digest = digest
        self.status = status
        self.keep = keep
    }
}

/// What came of a request that may come twice.
package enum Made<Value: Sendable>: Sendable {
    case now(Value)
    case earlier(EarlierRequest)

    /// What was made, for those who send no key.
    package var value: Value? {
        if case .now(let value) = self { value } else { nil }
    }
}

/// Something that was made, with the text that is shown this once.
package struct Shown<Value: Sendable>: Sendable {
    package let value: Value
    package let text: String
}
