package import IdentityCore

/// Users as comma-separated values (RFC 4180, UTF-8, a header line), for spreadsheets.
///
/// The columns that can be imported are `id` (the customer's own), `email`, `name`, `username`, `avatar_url`, `locale`,
/// `company_id`, `company_name`, `company_plan`, `company_mrr`, `company_arr`, `company_ltv`, `segments` (separated by
/// `;`), `weight`, `status`, `renewal_date`, `renewal_risk`, `owner_id`, `owner_email` and `role`, in any order. An
/// empty cell means: not said. `directory_id`, `created_at`, `updated_at` and `blocked_at` are exported, and passed
/// over on import.
///
/// A cell that a spreadsheet would run as a formula is exported with an apostrophe before it, which import takes off.
package enum UserCSV {
    /// The columns of an export, in order.
    package static let columns = fields.map(\.name) + informative

    private static let informative = ["directory_id", "created_at", "updated_at", "blocked_at"]

    /// The header line of an export.
    package static var header: String { line(columns) }

    /// One user as a line, with its line break.
    package static func line(_ user: DirectoryUser) -> String {
        line(
            fields.map { $0.read(user.profile) ?? "" } + [
                user.id, whole(user.createdAt), whole(user.updatedAt), user.blockedAt.map(whole) ?? "",
            ])
    }

    /// Reads a whole file.
    package static func parse(_ text: String) throws(UserCSVError) -> [UserProfile] {
        var records = try CSVRecords.parse(text)[...]
        guard let header = records.popFirst() else { throw .empty }
        var writers: [(@Sendable (inout UserProfile, String) -> Bool)?] = []
        var seen: Set<String> = []
        for cell in header.cells {
            let name = String(cell.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
            guard seen.insert(name).inserted else { throw .columnTwice(name) }
            if let field = fields.first(where: { $0.name == name }) {
                writers.append(field.write)
            } else if informative.contains(name) {
                writers.append(nil)
            } else {
                throw .columnUnknown(name)
            }
        }
        guard seen.contains("id") || seen.contains("email") else { throw .noKeyColumn }
        var profiles: [UserProfile] = []
        profiles.reserveCapacity(records.count)
        for record in records {
            guard record.cells.count == writers.count else {
                throw .cellCount(line: record.line, expected: writers.count, found: record.cells.count)
            }
            var profile = UserProfile()
            for (column, cell) in record.cells.enumerated() where !cell.isEmpty {
                guard let write = writers[column] else { continue }
                guard write(&profile, unguarded(cell)) else {
                    throw .cellInvalid(line: record.line, column: header.cells[column])
                }
            }
            guard profile.externalID != nil || profile.email != nil else { throw .noKey(line: record.line) }
            profiles.append(profile)
        }
        return profiles
    }

    private struct Field: Sendable {
        let name: String
        let read: @Sendable (UserProfile) -> String?
        let write: @Sendable (inout UserProfile, String) -> Bool
    }

    private static func text(
        _ name: String, _ path: any WritableKeyPath<UserProfile, String?> & Sendable
    ) -> Field {
        Field(
            name: name, read: { $0[keyPath: path] },
            write: {
                $0[keyPath: path] = $1; return true
            })
    }

    private static func text<Part>(
        _ name: String, _ part: any WritableKeyPath<UserProfile, Part?> & Sendable,
        _ path: any WritableKeyPath<Part, String?> & Sendable, _ make: @escaping @Sendable () -> Part
    ) -> Field {
        Field(
            name: name, read: { $0[keyPath: part]?[keyPath: path] },
            write: { profile, value in
                var whole = profile[keyPath: part] ?? make()
                whole[keyPath: path] = value
                profile[keyPath: part] = whole
                return true
            })
    }

    private static let fields: [Field] = [
        text("id", \.externalID), text("email", \.email), text("name", \.name), text("username", \.username),
        text("avatar_url", \.avatarURL), text("locale", \.locale),
        text("company_id", \.company, \.id, { .init() }), text("company_name", \.company, \.name, { .init() }),
        text("company_plan", \.company, \.plan, { .init() }), text("company_mrr", \.company, \.mrr, { .init() }),
        text("company_arr", \.company, \.arr, { .init() }), text("company_ltv", \.company, \.ltv, { .init() }),
        Field(
            name: "segments", read: { $0.segments?.joined(separator: ";") },
            write: {
                $0.segments = $1.split(separator: ";", omittingEmptySubsequences: false).map(String.init); return true
            }),
        Field(
            name: "weight", read: { $0.weight.map(String.init) },
            write: { profile, value in
                profile.weight = Int(value)
                return profile.weight != nil
            }),
        text("status", \.status),
        text("renewal_date", \.renewal, \.date, { .init() }), text("renewal_risk", \.renewal, \.risk, { .init() }),
        text("owner_id", \.owner, \.id, { .init() }), text("owner_email", \.owner, \.email, { .init() }),
        text("role", \.role),
    ]

    /// Cells as a line, with its line break.
    package static func line(_ cells: [String]) -> String {
        cells.map { cell in
            let cell = guarded(cell)
            guard cell.utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else { return cell }
            return "\"" + cell.replacing("\"", with: "\"\"") + "\""
        }.joined(separator: ",") + "\r\n"
    }

    private static func whole(_ moment: Double) -> String { String(Int(moment)) }

    private static func guarded(_ cell: String) -> String { isFormula(cell) ? "'" + cell : cell }

    private static func unguarded(_ cell: String) -> String {
        cell.utf8.first == 0x27 && isFormula(String(cell.dropFirst())) ? String(cell.dropFirst()) : cell
    }

    /// Whether what follows any apostrophes begins as a formula does; counting them in keeps the way back exact.
    private static func isFormula(_ cell: String) -> Bool {
        guard let first = cell.utf8.first(where: { $0 != 0x27 }) else { return false }
        return [0x3D, 0x2B, 0x2D, 0x40, 0x09, 0x0D].contains(first)
    }
}

/// Why a file isn't a list of users: names the line, never a value.
package enum UserCSVError: Error, Equatable, Sendable, CustomStringConvertible {
    case empty
    case columnUnknown(String)
    case columnTwice(String)
    case noKeyColumn
    case quoteMisplaced(line: Int)
    case quoteOpen(line: Int)
    case cellCount(line: Int, expected: Int, found: Int)
    case cellInvalid(line: Int, column: String)
    case noKey(line: Int)

    package var description: String {
        switch self {
        case .empty: "the file has no header line"
        case .columnUnknown(let name): "line 1: unknown column '\(name)'"
        case .columnTwice(let name): "line 1: the column '\(name)' is there twice"
        case .noKeyColumn: "line 1: there must be a column 'id' or 'email'"
        case .quoteMisplaced(let line): "line \(line): a quote within a cell that doesn't begin with one"
        case .quoteOpen(let line): "line \(line): a quote is never closed"
        case .cellCount(let line, let expected, let found): "line \(line): \(found) cells instead of \(expected)"
        case .cellInvalid(let line, let column): "line \(line): '\(column)' is not valid"
        case .noKey(let line): "line \(line): neither an id nor an email"
        }
    }
}
