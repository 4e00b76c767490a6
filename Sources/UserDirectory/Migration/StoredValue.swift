/// What one row holds, in the order of its table's columns.
package typealias StoredRow = [StoredValue]

/// What one column of a row holds, whatever keeps it.
package enum StoredValue: Sendable, Equatable, Codable {
    case null
    /// Without NUL characters, which PostgreSQL's texts can't hold: see `init(text:)`.
    case text(String)
    case integer(Int64)
    case real(Double)
    case boolean(Bool)
    case bytes([UInt8])

    /// A text as every kind of storage can hold it.
    package init(text: String) {
        self = .text(text.utf8.contains(0) ? text.replacing("\0", with: "\u{FFFD}") : text)
    }

    /// Bytes that no other value has, and that say where they end.
    func write(to bytes: inout [UInt8]) {
        func append(_ kind: UInt8, _ content: some Collection<UInt8>) {
            bytes.append(kind)
            withUnsafeBytes(of: UInt64(content.count).littleEndian) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: content)
        }
        func append(_ kind: UInt8, _ number: UInt64) {
            withUnsafeBytes(of: number.littleEndian) { append(kind, $0) }
        }
        switch self {
        case .null: append(0, EmptyCollection())
        case .text(let text): append(1, text.utf8)
        case .integer(let number): append(2, UInt64(bitPattern: number))
        // Zero has two patterns, which mean the same.
        case .real(let number): append(3, (number == 0 ? 0 : number).bitPattern)
        case .boolean(let isTrue): append(4, isTrue ? 1 : 0)
        case .bytes(let content): append(5, content)
        }
    }

    /// About how many bytes it takes.
    var size: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        default: 8
        }
    }
}
