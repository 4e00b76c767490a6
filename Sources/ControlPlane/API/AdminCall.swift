import GatewayConfiguration
import MessageAuthentication
import UserDirectory

/// One call of an operation, with what its handler reads.
struct AdminCall: Sendable {
    static let longestBody = 1 << 20

    let administration: Administration
    let request: AdminRequest
    /// Nil only where the operation needs no token.
    let caller: Administrator?
    let path: [String: String]
    let query: [String: String]

    var who: Administrator {
        get throws {
            guard let caller else { throw AdminProblem(.adminTokenMissing, "an admin token is needed") }
            return caller
        }
    }

    func segment(_ name: String) -> String { path[name] ?? "" }

    var organization: String { segment("organization") }

    // MARK: Query

    func text(_ name: String, upTo longest: Int = 200) throws -> String? {
        guard let text = query[name] else { return nil }
        guard !text.isEmpty, text.unicodeScalars.count <= longest, !text.utf8.contains(0) else {
            throw AdminProblem.invalid(name, "must have 1 to \(longest) characters, NUL not among them")
        }
        return text
    }

    func organizationID(_ name: String) throws -> String? {
        guard let id = query[name] else { return nil }
        do throws(ConfigurationErrors) {
            return try OrganizationsFile.newOrganization(id).id
        } catch {
            throw AdminProblem.invalid(name, "must be an organization's id")
        }
    }

    func integer(_ name: String, _ range: ClosedRange<Int>) throws -> Int? {
        guard let text = query[name] else { return nil }
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), let value = Int(text), range.contains(value) else {
            throw AdminProblem.invalid(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func number(_ name: String) throws -> Double? {
        guard let text = query[name] else { return nil }
        guard case .some(let value) = try? JSONParser.parse(Array(text.utf8)), let number = value.double else {
            throw AdminProblem.invalid(name, "must be a number")
        }
        return number
    }

    /// Seconds since 1970, within what a date can be.
    func moment(_ name: String) throws -> Double? {
        guard let seconds = try number(name) else { return nil }
        guard (0...ObjectReader.latest).contains(seconds) else {
            throw AdminProblem.invalid(name, "must be a number of seconds since 1970")
        }
        return seconds
    }

    func boolean(_ name: String) throws -> Bool? {
        switch query[name] {
        case nil: return nil
        case "true": return true
        case "false": return false
        default: throw AdminProblem.invalid(name, "must be true or false")
        }
    }

    func choice<Value: RawRepresentable & CaseIterable>(_ name: String, _: Value.Type) throws -> Value?
    where Value.RawValue == String {
        guard let text = query[name] else { return nil }
        guard let value = Value(rawValue: text) else {
            throw AdminProblem.invalid(name, "must be one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return value
    }

    func limit() throws -> Int { try integer("limit", 1...200) ?? 50 }

    /// The greatest whole number that every client can write.
    static let lastNumber = 9_007_199_254_740_991

    func numberCursor() throws -> Int64? { try integer("cursor", 1...Self.lastNumber).map(Int64.init) }

    // MARK: Body

    /// The body as a JSON object.
    func object() async throws -> ObjectReader { try ObjectReader(try await json()) }

    func json() async throws -> JSONValue {
        guard request.contentType == "application/json" else {
            throw AdminProblem(.mediaTypeUnsupported, "the body must be application/json")
        }
        let bytes = try await request.body.whole(upTo: Self.longestBody)
        do throws(JSONSyntaxError) {
            return try JSONParser.parse(bytes)
        } catch {
            throw AdminProblem(.requestMalformed, "the body isn't JSON: \(error)")
        }
    }

    // MARK: Conditions

    /// What `If-Match` asks for (RFC 9110, 13.1.1); it must be there.
    func settingsCondition() throws -> SettingsCondition {
        guard let field = request.field("if-match") else {
            throw AdminProblem(
                .preconditionRequired, "If-Match is needed, with the ETag that the settings were read with")
        }
        if field == "*" { return .whatever }
        let tags = field.split(separator: ",").map { tag in
            String(tag.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
        }
        guard !tags.isEmpty, tags.allSatisfy(Self.isEntityTag) else {
            throw AdminProblem.invalid("If-Match", "must be * or entity tags in quotes")
        }
        return .oneOf(tags)
    }

    /// Weak ones are, too, and match nothing.
    private static func isEntityTag(_ text: String) -> Bool {
        let opaque = text.hasPrefix("W/") ? text.dropFirst(2) : text[...]
        return opaque.utf8.count >= 2 && opaque.first == "\"" && opaque.last == "\""
            && !opaque.dropFirst().dropLast().contains("\"")
    }

    /// What `Idempotency-Key` asks for: that this request, sent again, isn't carried out again.
    func once<Value: Sendable>(
        _ input: JSONValue, status: Int = 201, keep: @escaping @Sendable (Value) -> JSONValue
    ) throws -> Once<Value>? {
        guard request.fields.contains(where: { $0.name == "idempotency-key" }) else { return nil }
        guard let key = request.field("idempotency-key"), (1...200).contains(key.utf8.count),
            key.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw AdminProblem.invalid("Idempotency-Key", "must have 1 to 200 visible ASCII characters")
        }
        let asked = "\(request.method)\n\(request.path)\n\(input.json)"
        return Once(
            key: IdempotencyKey(actor: try who.actor.id, key: key), digest: SHA256Digest.of(Array(asked.utf8)),
            status: status, keep: { keep($0).json })
    }
}

extension Made {
    /// The answer to a creation: anew, or the one that was given before.
    func response(_ present: (Value) -> JSONValue) -> AdminResponse {
        switch self {
        case .now(let value): .json(present(value), status: 201)
        case .earlier(let earlier):
            AdminResponse(earlier.status, type: "application/json", body: .whole(Array(earlier.body.utf8)))
                .with("idempotency-replayed", "true")
        }
    }
}

extension JSONValue {
    var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }
}
