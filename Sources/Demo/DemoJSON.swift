import Foundation

/// The few shapes of JSON that the demo writes, in a fixed order of members.
enum DemoJSON {
    case null
    case number(Int)
    case text(String)
    case flag(Bool)
    case list([DemoJSON])
    case object(KeyValuePairs<String, DemoJSON>)

    /// An object as JSON text.
    static func text(_ members: KeyValuePairs<String, DemoJSON>) -> String { DemoJSON.object(members).text }

    var text: String {
        switch self {
        case .null: "null"
        case .number(let number): String(number)
        case .flag(let flag): flag ? "true" : "false"
        case .text(let text): DemoJSON.quoted(text)
        case .list(let elements): "[" + elements.map(\.text).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { DemoJSON.quoted($0.key) + ":" + $0.value.text }.joined(separator: ",") + "}"
        }
    }

    /// The text, or `null`.
    static func optional(_ text: String?) -> DemoJSON { text.map { .text($0) } ?? .null }

    /// What `type` reads from a request's body, or nil.
    static func read<Value: Decodable>(_ type: Value.Type, from body: [UInt8]) -> Value? {
        try? JSONDecoder().decode(type, from: Data(body))
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\n": quoted += "\\n"
            case "\u{0}"..."\u{1F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
