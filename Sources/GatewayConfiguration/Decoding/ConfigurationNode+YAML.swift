extension ConfigurationNode {
    /// The node as YAML: maps a key a line, lists in one line. Ends in a line break.
    var yaml: String {
        switch content {
        case .map(let entries): Self.lines(entries, indentation: "")
        case .null, .scalar, .list: flow + "\n"
        }
    }

    private static func lines(_ entries: [Entry], indentation: String) -> String {
        entries.map { entry in
            guard case .map(let inner) = entry.value.content, !inner.isEmpty else {
                return "\(indentation)\(entry.key): \(entry.value.flow)\n"
            }
            return "\(indentation)\(entry.key):\n" + lines(inner, indentation: indentation + "  ")
        }.joined()
    }

    private var flow: String {
        switch content {
        case .null: "null"
        case .scalar(let text, .plain): text
        case .scalar(let text, .quoted), .scalar(let text, .verbatim): Self.isSafePlain(text) ? text : Self.quoted(text)
        case .list(let elements): "[" + elements.map(\.flow).joined(separator: ", ") + "]"
        case .map(let entries): "{ " + entries.map { "\($0.key): \($0.value.flow)" }.joined(separator: ", ") + " }"
        }
    }

    /// Whether the text reads back as the same text without quotes, anywhere.
    private static func isSafePlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, (97...122).contains(first) || (65...90).contains(first),
            text.utf8.last != 0x20, text.utf8.last != UInt8(ascii: ":"), !text.contains(": "),
            !["true", "false", "yes", "no", "on", "off", "null", "y", "n"].contains(text.lowercased())
        else { return false }
        return text.utf8.allSatisfy { isLetterOrDigit($0) || " -_./:".utf8.contains($0) }
    }

    /// In double quotes (YAML 1.2, 7.3.1), with what isn't printable escaped.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            default:
                if scalar.value < 32 || (127..<160).contains(scalar.value) {
                    let hexadecimal = String(scalar.value, radix: 16)
                    result += "\\x" + String(repeating: "0", count: 2 - hexadecimal.count) + hexadecimal
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }
}
