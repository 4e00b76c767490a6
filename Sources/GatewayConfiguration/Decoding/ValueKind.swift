/// What a single value may be: how it is read, and what the reference says of it.
struct ValueKind<Value: Sendable>: Sendable {
    /// What the value must be, as the reference and the errors say it: `a whole number from 1 to 9`.
    let name: String
    /// Reads the text; nil where it isn't `name`. Throws where a better explanation is at hand.
    let read: @Sendable (String, ScalarStyle) throws(ValueProblem) -> Value?
    /// Writes a value as one would in a file, for the reference.
    let show: @Sendable (Value) -> String
    /// Whether an error may quote the value.
    var isSecret = false

    func decode(_ text: String, _ style: ScalarStyle) throws(ValueProblem) -> Value {
        if let value = try read(text, style) { return value }
        guard !isSecret, let shown = Quotable.text(text) else { throw ValueProblem("must be \(name)") }
        throw ValueProblem("must be \(name), not \(style == .plain ? shown : "\"\(shown)\"")")
    }
}

/// Why a value is refused: the part of the message after the key.
struct ValueProblem: Error, Equatable {
    let message: String

    init(_ message: String) { self.message = message }
}

extension ValueKind where Value == Int {
    static func integer(_ range: ClosedRange<Int>) -> ValueKind {
        ValueKind(name: "a whole number from \(range.lowerBound) to \(range.upperBound)") { text, style in
            guard style != .quoted, let value = plainInteger(text), range.contains(value) else { return nil }
            return value
        } show: {
            String($0)
        }
    }

    /// A size in bytes, also with a unit: `10MiB`.
    static func bytes(_ range: ClosedRange<Int>) -> ValueKind {
        ValueKind(
            name: "a size in bytes from \(sizeText(range.lowerBound)) to \(sizeText(range.upperBound)), "
                + "such as 32768 or 32KiB"
        ) { text, style in
            if style != .quoted, let value = plainInteger(text) { return range.contains(value) ? value : nil }
            let digits = text.prefix { ("0"..."9").contains($0) }
            let unit = text.dropFirst(digits.count).drop { $0 == " " }
            guard let count = plainInteger(String(digits)), let factor = byteUnits[String(unit)] else { return nil }
            let (value, overflow) = count.multipliedReportingOverflow(by: factor)
            return !overflow && range.contains(value) ? value : nil
        } show: {
            sizeText($0)
        }
    }
}

extension ValueKind where Value == Double {
    /// A duration in seconds, fractions allowed.
    static func seconds(_ range: ClosedRange<Double>) -> ValueKind {
        ValueKind(
            name: "a number of seconds from \(decimalText(range.lowerBound)) to \(decimalText(range.upperBound))"
        ) { text, style in
            guard style != .quoted, text.utf8.allSatisfy({ (48...57).contains($0) || $0 == 46 }),
                text.utf8.first != 46, text.utf8.last != 46, let value = Double(text), range.contains(value)
            else { return nil }
            return value
        } show: {
            decimalText($0)
        }
    }
}

extension ValueKind where Value == Bool {
    static let boolean = ValueKind(name: "true or false") { text, style in
        guard style != .quoted else { return nil }
        switch text.lowercased() {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        default: return nil
        }
    } show: {
        $0 ? "true" : "false"
    }
}

extension ValueKind where Value == String {
    /// Text of 1 to `longest` bytes without control characters.
    static func text(_ name: String = "text", longest: Int = 1024) -> ValueKind {
        ValueKind(name: name) { (text, style) throws(ValueProblem) in
            if style == .plain, looksLikeAnotherType(text) {
                throw ValueProblem("must be \(name): put quotes around \(Quotable.text(text) ?? "it")")
            }
            guard !text.isEmpty, text.utf8.count <= longest, !text.unicodeScalars.contains(where: isControl) else {
                return nil
            }
            return text
        } show: {
            $0
        }
    }
}

extension ValueKind where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
    /// One of an enumeration's raw values. The text is compared as written, so that YAML's `off` is no boolean here.
    static var choice: ValueKind { choice(of: Array(Value.allCases)) }

    static func choice(of values: [Value]) -> ValueKind {
        ValueKind(name: alternatives(values.map(\.rawValue))) { text, _ in
            values.first { $0.rawValue == text }
        } show: {
            $0.rawValue
        }
    }
}

extension ValueKind {
    /// A value that is parsed out of text by `parse`.
    static func parsed(
        _ name: String, show: @escaping @Sendable (Value) -> String,
        _ parse: @escaping @Sendable (String) throws(ValueProblem) -> Value?
    ) -> ValueKind {
        ValueKind(name: name) { (text, _) throws(ValueProblem) in
            try parse(text)
        } show: {
            show($0)
        }
    }
}

/// Decimal digits with an optional minus sign; no other base, no underscores.
private func plainInteger(_ text: String) -> Int? {
    let digits = text.utf8.first == 45 ? text.utf8.dropFirst() : text.utf8[...]
    guard !digits.isEmpty, digits.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return Int(text)
}

private let byteUnits = [
    "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "kB": 1000, "KB": 1000, "MB": 1_000_000,
    "GB": 1_000_000_000,
]

/// A size as one would write it: `10MiB`, `256KiB`, or plain digits.
private func sizeText(_ bytes: Int) -> String {
    for (unit, factor) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
    where bytes >= factor && bytes.isMultiple(of: factor) {
        return "\(bytes / factor)\(unit)"
    }
    return String(bytes)
}

/// A number without a needless `.0`.
private func decimalText(_ value: Double) -> String {
    Int(exactly: value).map { String($0) } ?? "\(value)"
}

/// `a, b or c`.
private func alternatives(_ words: [String]) -> String {
    guard words.count > 1, let last = words.last else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " or " + last
}

/// Whether YAML 1.1 would take the plain scalar for a number or a boolean.
private func looksLikeAnotherType(_ text: String) -> Bool {
    if ["true", "false", "yes", "no", "on", "off"].contains(text.lowercased()) { return true }
    return Double(text) != nil && text.utf8.first.map { (48...57).contains($0) || $0 == 45 || $0 == 46 } == true
}

private func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 32 || (127..<160).contains(scalar.value)
}
