import CPQ
import Foundation

/// One connection, used by one thread at a time. All calls wait for the server, for as long as there is patience.
///
/// Statements have no names, so that it makes no difference whether a pooler (PgBouncer in transaction mode, say) gives
/// each transaction another server connection.
final class PostgresConnection {
    let connection: OpaquePointer
    /// Seconds to wait for the answer to a statement; nil: for ever. Longer than the statement may take, so that it ends
    /// only where nobody answers any more: then the connection is given up.
    var patience: Double? = 8
    private var isGivenUp = false
    /// Sent with the next statement that somebody waits for.
    private var held: [PostgresStatement] = []

    /// - Parameter address: `postgres://…`, as libpq documents it ("Connection URIs").
    init(_ address: String) throws {
        guard let connection = PQconnectdb(address) else { throw PostgresFailure(message: "no memory to connect with") }
        guard PQstatus(connection) == CONNECTION_OK else {
            defer { PQfinish(connection) }
            throw PostgresFailure(message: Self.firstLine(PQerrorMessage(connection)))
        }
        // From here on `deinit` finishes it.
        self.connection = connection
        PQsetNoticeProcessor(connection, { _, _ in }, nil)
    }

    deinit { PQfinish(connection) }

    /// Whether it can still be used.
    var isAlive: Bool { !isGivenUp && !isLost }

    /// Whether it has ended, which is known once something was sent or received in vain.
    var isLost: Bool { PQstatus(connection) != CONNECTION_OK }

    /// Whether the server has ended it since it was last used. Looks at what has arrived, and waits for nothing.
    func hasServerHungUp() -> Bool {
        // What arrives unasked is read: a notice, a setting that has changed, the last words before the end.
        for _ in 0..<8 {
            var descriptor = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
            guard poll(&descriptor, 1, 0) > 0 else { return false }
            guard PQconsumeInput(connection) == 1 else { return true }
            _ = PQisBusy(connection)
        }
        return false
    }

    /// Several statements without parameters.
    func execute(_ sql: String) throws {
        try sendHeld()
        let result = try answer { PQsendQuery(connection, sql) }
        defer { PQclear(result) }
        let status = PQresultStatus(result)
        guard status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK else { throw failure(result) }
    }

    /// One statement, with `$1`, `$2` … Returns how many rows it changed, or found.
    @discardableResult
    func run(_ sql: String, _ parameters: [(any PostgresConvertible)?] = []) throws -> Int {
        try withResult(sql, parameters) { result in
            Int(String(cString: PQcmdTuples(result))) ?? 0
        }
    }

    /// The rows that one statement finds.
    ///
    /// - Parameter areTexts: all parameters are texts, and needn't all occur; else their types are what the statement
    ///   makes of them.
    func rows(
        _ sql: String, _ parameters: [(any PostgresConvertible)?] = [], areTexts: Bool = false
    ) throws -> [PostgresRow] {
        try withResult(sql, parameters, areTexts: areTexts, Self.rows)
    }

    private static func rows(_ result: OpaquePointer) -> [PostgresRow] {
        let columns = PQnfields(result)
        return (0..<PQntuples(result)).map { row in
            PostgresRow(
                (0..<columns).map { column in
                    PQgetisnull(result, row, column) == 1 ? nil : String(cString: PQgetvalue(result, row, column))
                })
        }
    }

    /// The first of them.
    func row(_ sql: String, _ parameters: [(any PostgresConvertible)?] = []) throws -> PostgresRow? {
        try rows(sql, parameters).first
    }

    /// The type `text`, by its number in `pg_type`.
    private static let text: Oid = 25

    private func withResult<Value>(
        _ sql: String, _ parameters: [(any PostgresConvertible)?], areTexts: Bool = false,
        _ body: (OpaquePointer) throws -> Value
    ) throws -> Value {
        let statement = PostgresStatement(sql: sql, parameters: parameters, areTexts: areTexts)
        return try withResults([statement]) { try body($0[0]) }
    }

    private func send(_ statement: PostgresStatement) -> Int32 {
        let types = statement.areTexts ? [Oid](repeating: Self.text, count: statement.parameters.count) : nil
        var values = statement.parameters.map { $0?.postgresValue.encoded.map { Array($0.utf8CString) } ?? nil }
        return Self.withPointers(&values) { pointers in
            PQsendQueryParams(
                connection, statement.sql, Int32(pointers.count), types, pointers.baseAddress, nil, nil, 0)
        }
    }

    // MARK: Several at once

    /// Sends a statement with the next one that is waited for, in the same round trip. Where it fails, that one throws,
    /// and isn't run.
    func hold(_ sql: String, _ parameters: [(any PostgresConvertible)?] = []) {
        held.append(PostgresStatement(sql: sql, parameters: parameters))
    }

    /// Forgets what `hold` has kept.
    func dropHeld() { held.removeAll() }

    /// Sends what is held, and waits for it.
    func sendHeld() throws {
        if !held.isEmpty { try withResults([]) { _ in } }
    }

    /// The rows that each of several statements finds, in one round trip.
    func rowsOfEach(_ statements: [PostgresStatement]) throws -> [[PostgresRow]] {
        try withResults(statements) { $0.map(Self.rows) }
    }

    /// Lends the results of `statements`, after those that were held.
    private func withResults<Value>(
        _ statements: [PostgresStatement], _ body: ([OpaquePointer]) throws -> Value
    ) throws -> Value {
        let all = held + statements
        held.removeAll()
        let results = all.count == 1 ? [try answer { send(all[0]) }] : try answers(to: all)
        defer { for result in results { PQclear(result) } }
        for result in results {
            let status = PQresultStatus(result)
            guard status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK else { throw failure(result) }
        }
        return try body(Array(results.suffix(statements.count)))
    }

    /// One result for each statement ("Pipeline Mode" in libpq's documentation). After one that failed, the others have
    /// one that says that they weren't run.
    private func answers(to statements: [PostgresStatement]) throws -> [OpaquePointer] {
        guard isAlive, PQenterPipelineMode(connection) == 1 else { throw failure(nil) }
        let end = patienceEnd
        var results: [OpaquePointer] = []
        do {
            for statement in statements { guard send(statement) == 1 else { throw failure(nil) } }
            guard PQpipelineSync(connection) == 1 else { throw failure(nil) }
            for _ in statements {
                guard let result = try nextResult(until: end) else { throw failure(nil) }
                results.append(result)
                // Nothing comes between two statements' results but this.
                guard try nextResult(until: end) == nil else { throw failure(nil) }
            }
            let last = try nextResult(until: end)
            defer { PQclear(last) }
            guard let last, PQresultStatus(last) == PGRES_PIPELINE_SYNC, PQexitPipelineMode(connection) == 1 else {
                throw failure(nil)
            }
        } catch {
            // Who knows what else would come.
            isGivenUp = true
            for result in results { PQclear(result) }
            throw error
        }
        return results
    }

    /// Lends C strings, nil for NULL.
    private static func withPointers<Value>(
        _ values: inout [[CChar]?], _ body: (UnsafeBufferPointer<UnsafePointer<CChar>?>) -> Value
    ) -> Value {
        let copies = values.map { value -> UnsafeMutablePointer<CChar>? in
            guard let value else { return nil }
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: value.count)
            copy.initialize(from: value, count: value.count)
            return copy
        }
        defer { for copy in copies { copy?.deallocate() } }
        return copies.map { $0.map { UnsafePointer($0) } }.withUnsafeBufferPointer(body)
    }

    // MARK: Waiting

    /// The last result of what `send` sends, or the one that asks for a `COPY`'s rows.
    private func answer(_ send: () -> Int32) throws -> OpaquePointer {
        guard isAlive, send() == 1 else { throw failure(nil) }
        let end = patienceEnd
        var last: OpaquePointer?
        do {
            while let result = try nextResult(until: end) {
                PQclear(last)
                last = result
                if PQresultStatus(result) == PGRES_COPY_IN { break }
            }
        } catch {
            PQclear(last)
            throw error
        }
        guard let last else { throw failure(nil) }
        return last
    }

    /// On the monotonic clock.
    private var patienceEnd: DispatchTime? { patience.map { .now() + $0 } }

    /// Nil: there is no other.
    private func nextResult(until end: DispatchTime?) throws -> OpaquePointer? {
        while PQisBusy(connection) == 1 {
            var descriptor = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
            guard poll(&descriptor, 1, Self.milliseconds(until: end)) != 0 else {
                isGivenUp = true
                throw PostgresFailure(message: "the server doesn't answer")
            }
            guard PQconsumeInput(connection) == 1 else { throw failure(nil) }
        }
        return PQgetResult(connection)
    }

    /// For `poll`: 0: it is over; -1: for ever.
    private static func milliseconds(until end: DispatchTime?) -> Int32 {
        guard let end else { return -1 }
        let now = DispatchTime.now()
        return end <= now ? 0 : Int32(min((end.uptimeNanoseconds - now.uptimeNanoseconds) / 1_000_000 + 1, 86_400_000))
    }

    // MARK: Copying

    /// Begins a `COPY … FROM STDIN`; then come `putCopy` and `endCopy`.
    func beginCopy(_ sql: String) throws {
        try sendHeld()
        let result = try answer { PQsendQuery(connection, sql) }
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_COPY_IN else { throw failure(result) }
    }

    /// False where the connection is lost.
    func putCopy(_ bytes: UnsafeBufferPointer<CChar>) -> Bool {
        PQputCopyData(connection, bytes.baseAddress, Int32(bytes.count)) == 1
    }

    /// Waits for the server to have taken all.
    func endCopy() throws {
        guard PQputCopyEnd(connection, nil) == 1 else { throw failure(nil) }
        let end = patienceEnd
        var problem: PostgresFailure?
        while let result = try nextResult(until: end) {
            defer { PQclear(result) }
            if PQresultStatus(result) != PGRES_COMMAND_OK { problem = failure(result) }
        }
        if let problem { throw problem }
    }

    /// The connection's own words.
    func lost() -> PostgresFailure { failure(nil) }

    private func failure(_ result: OpaquePointer?) -> PostgresFailure {
        guard let result, let state = PQresultErrorField(result, 67) else {  // PG_DIAG_SQLSTATE
            return PostgresFailure(message: Self.firstLine(PQerrorMessage(connection)))
        }
        let message = PQresultErrorField(result, 77).map { String(cString: $0) }  // PG_DIAG_MESSAGE_PRIMARY
        return PostgresFailure(message: message ?? "the server refused", state: String(cString: state))
    }

    static func firstLine(_ message: UnsafeMutablePointer<CChar>?) -> String {
        guard let message else { return "unknown error" }
        return String(String(cString: message).prefix { !$0.isNewline })
    }
}
