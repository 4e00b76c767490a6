import MessageAuthentication

/// A parameter of a statement, in PostgreSQL's text format.
enum PostgresValue {
    case null
    case text(String)
    case bytes([UInt8])
    /// Of texts, for `unnest` and `ANY`.
    case texts([String?])

    /// What is sent; nil: NULL.
    var encoded: String? {
        switch self {
        case .null: nil
        case .text(let text): Self.storable(text)
        case .bytes(let bytes): "\\x" + Hexadecimal.text(bytes)
        case .texts(let elements): "{" + elements.map(Self.element).joined(separator: ",") + "}"
        }
    }

    /// PostgreSQL has no NUL in texts. What must not hold one is refused elsewhere; in anything else it is replaced.
    private static func storable(_ text: String) -> String {
        text.utf8.contains(0) ? text.replacing("\0", with: "\u{FFFD}") : text
    }

    private static func element(_ text: String?) -> String {
        guard let text else { return "NULL" }
        let escaped = storable(text).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\"\(escaped)\""
    }
}

/// What can be a parameter.
protocol PostgresConvertible {
    var postgresValue: PostgresValue { get }
}

extension String: PostgresConvertible {
    var postgresValue: PostgresValue { .text(self) }
}

extension Int: PostgresConvertible {
    var postgresValue: PostgresValue { .text(String(self)) }
}

extension Int64: PostgresConvertible {
    var postgresValue: PostgresValue { .text(String(self)) }
}

extension Double: PostgresConvertible {
    var postgresValue: PostgresValue { .text(String(self)) }
}

extension Bool: PostgresConvertible {
    var postgresValue: PostgresValue { .text(self ? "t" : "f") }
}

extension Array: PostgresConvertible where Element == UInt8 {
    var postgresValue: PostgresValue { .bytes(self) }
}

/// An array of texts.
struct Texts: PostgresConvertible {
    let elements: [String?]

    init(_ elements: [String?]) { self.elements = elements }

    init(_ elements: some Sequence<String>) { self.elements = elements.map { $0 } }

    var postgresValue: PostgresValue { .texts(elements) }
}

extension Optional: PostgresConvertible where Wrapped: PostgresConvertible {
    var postgresValue: PostgresValue { map(\.postgresValue) ?? .null }
}
