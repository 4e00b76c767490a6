import MessageAuthentication

/// A row of a result, in text format. A column that isn't what it should be throws, rather than be taken for another.
struct PostgresRow {
    private let columns: [String?]

    init(_ columns: [String?]) { self.columns = columns }

    func text(_ index: Int) throws -> String {
        guard let text = columns[index] else { throw PostgresFailure(message: "a column is NULL") }
        return text
    }

    func textIfAny(_ index: Int) -> String? { columns[index] }

    func integer(_ index: Int) throws -> Int64 {
        guard let value = Int64(try text(index)) else { throw PostgresFailure(message: "a column isn't a number") }
        return value
    }

    func double(_ index: Int) throws -> Double {
        guard let value = Double(try text(index)) else { throw PostgresFailure(message: "a column isn't a number") }
        return value
    }

    func doubleIfAny(_ index: Int) throws -> Double? { columns[index] == nil ? nil : try double(index) }

    func bool(_ index: Int) throws -> Bool { try text(index) == "t" }

    func bytes(_ index: Int) throws -> [UInt8] {
        let text = try text(index)
        guard text.hasPrefix("\\x"), let bytes = Hexadecimal.decode(String(text.dropFirst(2))) else {
            throw PostgresFailure(message: "a column isn't bytea")
        }
        return bytes
    }
}

/// The server refused a statement, or there is no server.
struct PostgresFailure: Error {
    /// The server's own words, without the statement and its parameters, which may hold somebody's data.
    var message: String
    /// SQLSTATE; nil where the connection failed.
    var state: String?
    /// The connection was lost before anything could have come of what was asked: it can be asked again on another.
    var hasLeftNothing = false

    /// Whether the same transaction may well succeed when it is made again.
    var isWorthAnotherTry: Bool { state == "40001" || state == "40P01" }

    /// Whether somebody else has held a lock for longer than this statement was to wait.
    var isWaitTooLong: Bool { state == "55P03" }

    /// Whether the server takes no writes: a standby, or one that was put aside.
    var isOfReadOnlyServer: Bool { state == "25006" }
}
