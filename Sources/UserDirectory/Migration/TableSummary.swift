import MessageAuthentication

/// What a table holds, in short: two tables with the same summary hold the same rows.
package struct TableSummary: Sendable, Equatable, Encodable {
    package let name: String
    package private(set) var rows = 0
    /// SHA-256 over all rows in the order of their keys, each row with the digest of those before it; 64 hexadecimal
    /// characters.
    package var checksum: String { Hexadecimal.text(digest) }

    private var digest = [UInt8](repeating: 0, count: SHA256Digest.length)

    package init(of table: StoredTable) { name = table.name }

    package mutating func add(_ row: StoredRow) {
        var bytes = digest
        for value in row { value.write(to: &bytes) }
        digest = SHA256Digest.of(bytes)
        rows += 1
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(rows, forKey: .rows)
        try container.encode(checksum, forKey: .checksum)
    }

    private enum CodingKeys: CodingKey { case name, rows, checksum }
}
