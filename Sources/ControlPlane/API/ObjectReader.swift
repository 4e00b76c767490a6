import GatewayConfiguration

/// Reads the members of a JSON object, each with its type; what was not asked for is an error that names it.
struct ObjectReader {
    let json: JSONValue
    private let members: [JSONValue.Member]
    private var known: Set<String> = []
    private var errors: [AdminProblem.FieldError] = []

    init(_ json: JSONValue) throws {
        guard case .object(let members) = json else {
            throw AdminProblem.invalid("", "the body must be an object, not \(json.kindName)")
        }
        self.json = json
        self.members = members
    }

    /// To be called when everything has been read: throws all that is wrong at once.
    func finish() throws {
        let unknown = members.filter { !known.contains($0.key) }.map {
            AdminProblem.FieldError(String($0.key.prefix(64)), "unknown key")
        }
        let errors = errors + unknown
        guard errors.isEmpty else {
            throw AdminProblem(
                .requestInvalid, errors.map { "\($0.path): \($0.message)" }.joined(separator: "; "), errors: errors)
        }
    }

    mutating func text(_ key: String, lengths: ClosedRange<Int>) -> String? {
        guard let value = take(key) else { return nil }
        guard case .string(let text) = value, lengths.contains(text.unicodeScalars.count), !text.utf8.contains(0) else {
            return report(key, "must be text of \(lengths.lowerBound) to \(lengths.upperBound) characters")
        }
        return text
    }

    mutating func requiredText(_ key: String, lengths: ClosedRange<Int>) -> String {
        if !has(key) { missing(key) }
        return text(key, lengths: lengths) ?? ""
    }

    mutating func boolean(_ key: String, default fallback: Bool) -> Bool {
        guard let value = take(key) else { return fallback }
        guard case .bool(let flag) = value else { return report(key, "must be true or false") ?? fallback }
        return flag
    }

    mutating func choice<Value: RawRepresentable & CaseIterable>(_ key: String, default fallback: Value) -> Value
    where Value.RawValue == String {
        guard let value = take(key) else { return fallback }
        guard case .string(let text) = value, let choice = Value(rawValue: text) else {
            let choices = Value.allCases.map(\.rawValue).joined(separator: ", ")
            return report(key, "must be one of \(choices)") ?? fallback
        }
        return choice
    }

    /// Seconds since 1970, within what a date can be.
    mutating func moment(_ key: String) -> Double? {
        guard let value = take(key) else { return nil }
        guard let seconds = value.double, (0...Self.latest).contains(seconds) else {
            return report(key, "must be a number of seconds since 1970")
        }
        return seconds
    }

    /// The same where `null` counts as absent.
    mutating func optionalMoment(_ key: String) -> Double? {
        if members.contains(where: { $0.key == key && $0.value == .null }) {
            known.insert(key)
            return nil
        }
        return moment(key)
    }

    mutating func optionalText(_ key: String, lengths: ClosedRange<Int>) -> String? {
        if members.contains(where: { $0.key == key && $0.value == .null }) {
            known.insert(key)
            return nil
        }
        return text(key, lengths: lengths)
    }

    func has(_ key: String) -> Bool { members.contains { $0.key == key } }

    mutating func missing(_ key: String) {
        known.insert(key)
        errors.append(AdminProblem.FieldError(key, "is missing"))
    }

    static let latest = 253_402_300_799.0

    private mutating func take(_ key: String) -> JSONValue? {
        known.insert(key)
        return members.first { $0.key == key }?.value
    }

    private mutating func report<Value>(_ key: String, _ message: String) -> Value? {
        errors.append(AdminProblem.FieldError(key, message))
        return nil
    }
}
