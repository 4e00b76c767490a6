import CPQ

/// One connection, used by one thread at a time. All calls wait for the server.
///
/// Statements have no names, so that it makes no difference whether a pooler (PgBouncer in transaction mode, say) gives
/// each transaction another server connection.
final class PostgresConnection {
    let connection: OpaquePointer

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
    var isAlive: Bool { PQstatus(connection) == CONNECTION_OK }

    /// Several statements without parameters.
    func execute(_ sql: String) throws {
        guard let result = PQexec(connection, sql) else { throw failure(nil) }
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
        try withResult(sql, parameters, areTexts: areTexts) { result in
            let columns = PQnfields(result)
            return (0..<PQntuples(result)).map { row in
                PostgresRow(
                    (0..<columns).map { column in
                        PQgetisnull(result, row, column) == 1
                            ? nil : String(cString: PQgetvalue(result, row, column))
                    })
            }
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
        let types = areTexts ? [Oid](repeating: Self.text, count: parameters.count) : nil
        var values = parameters.map { $0?.postgresValue.encoded.map { Array($0.utf8CString) } ?? nil }
        let result = Self.withPointers(&values) { pointers in
            PQexecParams(connection, sql, Int32(pointers.count), types, pointers.baseAddress, nil, nil, 0)
        }
        guard let result else { throw failure(nil) }
        defer { PQclear(result) }
        let status = PQresultStatus(result)
        guard status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK else { throw failure(result) }
        return try body(result)
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

    /// Begins a `COPY … FROM STDIN`; then come `putCopy` and `endCopy`.
    func beginCopy(_ sql: String) throws {
        guard let result = PQexec(connection, sql) else { throw failure(nil) }
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
        var problem: PostgresFailure?
        while let result = PQgetResult(connection) {
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
