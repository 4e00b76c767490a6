import ControlPlane
import PortalSSO

/// The fields of a form or a query, in order.
struct FormValues: Sendable {
    private var pairs: [(name: String, value: String)] = []

    /// Reads `application/x-www-form-urlencoded`. What isn't percent-encoded UTF-8, or holds NUL, is left out.
    init(query: some StringProtocol) {
        for part in query.split(separator: "&").prefix(2000) {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentDecoding.text(Substring(pair[0]), plusIsSpace: true),
                let value = PercentDecoding.text(Substring(pair.count > 1 ? pair[1] : ""), plusIsSpace: true),
                !value.utf8.contains(0)
            else { continue }
            pairs.append((name, value))
        }
    }

    /// The first value of this name.
    subscript(_ name: String) -> String? { pairs.first { $0.name == name }?.value }

    /// The same, without white space around it; nil where nothing is left.
    func text(_ name: String, upTo longest: Int = 320) -> String? {
        guard let text = self[name]?.trimmed, !text.isEmpty, text.utf8.count <= longest * 4 else { return nil }
        return String(text.prefix(longest))
    }

    func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

    /// Whether a box is ticked.
    func isOn(_ name: String) -> Bool { self[name] == "on" }

    /// The lines of a text area that aren't empty, trimmed.
    func lines(_ name: String) -> [String] {
        (self[name] ?? "").split(whereSeparator: \.isNewline).map { String($0).trimmed }.filter { !$0.isEmpty }
    }

    func number(_ name: String) -> Double? { text(name).flatMap(Double.init).flatMap { $0.isFinite ? $0 : nil } }

    func choice<Value: RawRepresentable>(_ name: String, _: Value.Type) -> Value? where Value.RawValue == String {
        self[name].flatMap(Value.init(rawValue:))
    }

    /// All but these, to be sent once more.
    func hidden(without names: Set<String>) -> [HiddenField] {
        pairs.filter { !names.contains($0.name) }.map { HiddenField(name: $0.name, value: $0.value) }
    }
}

/// A form's field that isn't shown.
struct HiddenField: Sendable {
    let name: String
    let value: String
}

extension String {
    /// Without white space around it.
    var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }

    /// For a segment of a path or a value in a query.
    var percentEncoded: String { PercentEncoding.encode(self) }
}
