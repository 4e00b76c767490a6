/// A page with places to fill in, written `{{name}}`.
enum PageTemplate {
    /// Fills in a page in one pass, so that a value which looks like a place is only text. A place without a value
    /// becomes nothing.
    ///
    /// - Parameters:
    ///   - values: escaped, so that they are text wherever they stand, attributes included.
    ///   - markup: written as it is.
    static func fill(_ page: String, values: [String: String], markup: [String: String] = [:]) -> String {
        var filled = ""
        var rest = page[...]
        while let open = rest.firstRange(of: "{{"), let close = rest[open.upperBound...].firstRange(of: "}}") {
            let name = String(rest[open.upperBound..<close.lowerBound])
            filled += rest[..<open.lowerBound]
            filled += markup[name] ?? values[name].map(escaped) ?? ""
            rest = rest[close.upperBound...]
        }
        return filled + rest
    }

    /// `text` as HTML text or as the value of a quoted attribute.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
