/// Reads the keys of one map, each with its type, default and description.
///
/// The reading code is the only list of keys there is: run without a document (`DecodingSession.documenting`), it
/// yields the reference and the names of the environment variables. What was not asked for is an unknown key.
struct MapReader {
    let path: String
    let session: DecodingSession
    private let origin: ConfigurationOrigin
    private let entries: [ConfigurationNode.Entry]
    private var known: [String] = []

    fileprivate init(
        path: String, session: DecodingSession, origin: ConfigurationOrigin, entries: [ConfigurationNode.Entry]
    ) {
        self.path = path
        self.session = session
        self.origin = origin
        self.entries = entries
    }

    // MARK: Single values

    /// A value that has a default.
    mutating func value<Value>(
        _ key: String, _ kind: ValueKind<Value>, default fallback: Value, _ summary: String
    ) -> Value {
        document(key, kind.name, default: kind.show(fallback), .scalar, summary)
        guard let node = entry(key)?.value else { return fallback }
        return decode(node, key, kind) ?? fallback
    }

    /// A value that must be there. Nil after a problem.
    mutating func required<Value>(_ key: String, _ kind: ValueKind<Value>, _ summary: String) -> Value? {
        document(key, kind.name, default: nil, .scalar, summary)
        guard let node = entry(key)?.value else {
            report(key, "is missing")
            return nil
        }
        return decode(node, key, kind)
    }

    /// A value that may be left out; `null` says 'none', also where there is a default.
    mutating func optional<Value>(
        _ key: String, _ kind: ValueKind<Value>, default fallback: Value? = nil, shown: String? = nil,
        _ summary: String
    ) -> Value? {
        document(key, kind.name, default: shown ?? fallback.map(kind.show) ?? "null", .scalar, summary)
        guard let node = entry(key)?.value else { return fallback }
        return node.isNull ? nil : decode(node, key, kind)
    }

    // MARK: Lists and maps

    /// A list of single values. Absent: `fallback`; `null`: empty.
    mutating func list<Value>(
        _ key: String, of kind: ValueKind<Value>, default fallback: [Value] = [], _ summary: String
    ) -> [Value] {
        let shown = "[" + fallback.map(kind.show).joined(separator: ", ") + "]"
        document(key, "a list, each \(kind.name)", default: shown, .collection, summary)
        guard let nodes = elements(key) else { return fallback }
        return nodes.enumerated().compactMap { decode($1, "\(key)[\($0)]", kind) }
    }

    /// A list of maps. Absent: `fallback`; `null`: empty. `element` gets a reader for each.
    mutating func list<Value>(
        _ key: String, default fallback: [Value] = [], shown: String = "[]", _ summary: String,
        element: (inout MapReader) -> Value?
    ) -> [Value] {
        document(key, "a list of maps", default: shown, .collection, summary)
        if session.isDocumenting {
            var reader = MapReader(path: join("\(key)[]"), session: session, origin: origin, entries: [])
            _ = element(&reader)
            return fallback
        }
        guard let nodes = elements(key) else { return fallback }
        return nodes.enumerated().compactMap { index, node in
            session.read(node, path: join("\(key)[\(index)]"), element) ?? nil
        }
    }

    /// A map of settings that all have defaults.
    mutating func map<Value>(_ key: String, _ summary: String, body: (inout MapReader) -> Value) -> Value? {
        document(key, "a map", default: "{}", .collection, summary)
        let node = entry(key)?.value ?? ConfigurationNode(content: .map([]), origin: origin)
        return session.read(node, path: join(key), body)
    }

    /// A map that may be left out, which means something else than an empty one.
    mutating func optionalMap<Value>(_ key: String, _ summary: String, body: (inout MapReader) -> Value?) -> Value? {
        document(key, "a map", default: "absent", .collection, summary)
        if session.isDocumenting {
            return session.read(ConfigurationNode(content: .map([]), origin: origin), path: join(key), body) ?? nil
        }
        guard let node = entry(key)?.value, !node.isNull else { return nil }
        return session.read(node, path: join(key), body) ?? nil
    }

    // MARK: Problems

    /// Whether the key is written down.
    func has(_ key: String) -> Bool { entries.contains { $0.key == key } }

    /// Reports a problem of `key`, at its line, or at the map's where it isn't written down.
    func report(_ key: String, _ message: String) {
        guard !session.isDocumenting else { return }
        session.problems.append(ConfigurationProblem(place(of: key), key.isEmpty ? path : join(key), message))
    }

    /// Reports something doubtful that is accepted all the same.
    func warn(_ key: String, _ message: String) {
        guard !session.isDocumenting else { return }
        session.warnings.append(ConfigurationProblem(place(of: key), key.isEmpty ? path : join(key), message))
    }

    fileprivate func reportUnknownKeys() {
        for entry in entries where !known.contains(entry.key) {
            let message = "unknown key (known here: \(known.joined(separator: ", ")))"
            session.problems.append(ConfigurationProblem(entry.origin, join(Quotable.key(entry.key)), message))
        }
    }

    // MARK: Mechanics

    private mutating func document(
        _ key: String, _ kind: String, default fallback: String?, _ shape: DocumentedKey.Shape, _ summary: String
    ) {
        known.append(key)
        guard session.isDocumenting else { return }
        session.keys.append(
            DocumentedKey(path: join(key), kind: kind, fallback: fallback, shape: shape, summary: summary))
    }

    private func entry(_ key: String) -> ConfigurationNode.Entry? { entries.first { $0.key == key } }

    private func place(of key: String) -> ConfigurationOrigin {
        let name = String(key.prefix { $0 != "[" })
        guard let entry = entry(name) else { return origin }
        if name != key, case .list(let elements) = entry.value.content,
            let index = Int(key.dropFirst(name.count + 1).dropLast()), elements.indices.contains(index)
        {
            return elements[index].origin
        }
        return entry.origin
    }

    private func join(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// The elements of a list; nil where the key is absent or something else, which is reported.
    private func elements(_ key: String) -> [ConfigurationNode]? {
        guard let node = entry(key)?.value else { return nil }
        switch node.content {
        case .null: return []
        case .list(let elements): return elements
        case .scalar, .map:
            session.problems.append(
                ConfigurationProblem(node.origin, join(key), "must be a list, not \(node.kindName)"))
            return nil
        }
    }

    private func decode<Value>(_ node: ConfigurationNode, _ key: String, _ kind: ValueKind<Value>) -> Value? {
        do throws(ValueProblem) {
            guard case .scalar(let text, let style) = node.content else {
                throw ValueProblem("must be \(kind.name), not \(node.kindName)")
            }
            return try kind.decode(text, style)
        } catch {
            session.problems.append(ConfigurationProblem(node.origin, join(key), error.message))
            return nil
        }
    }
}

/// One run over a document: what went wrong, and what the reference needs.
final class DecodingSession {
    var problems: [ConfigurationProblem] = []
    var warnings: [ConfigurationProblem] = []
    fileprivate(set) var keys: [DocumentedKey] = []
    let isDocumenting: Bool

    init(documenting: Bool = false) { isDocumenting = documenting }

    /// Reads a map by `body`; nil where `node` isn't one. `null` counts as an empty map.
    func read<Value>(_ node: ConfigurationNode, path: String, _ body: (inout MapReader) -> Value) -> Value? {
        let entries: [ConfigurationNode.Entry]
        switch node.content {
        case .map(let written): entries = written
        case .null: entries = []
        case .list, .scalar:
            problems.append(ConfigurationProblem(node.origin, path, "must be a map, not \(node.kindName)"))
            return nil
        }
        var reader = MapReader(path: path, session: self, origin: node.origin, entries: entries)
        let value = body(&reader)
        if !isDocumenting { reader.reportUnknownKeys() }
        return value
    }
}

/// A key as the reference shows it.
package struct DocumentedKey: Sendable, Equatable {
    package enum Shape: Sendable { case scalar, collection }

    /// `limits.streams`; elements of a list as `listen[].address`.
    package let path: String
    package let kind: String
    /// The default as one would write it; nil: required.
    package let fallback: String?
    package let shape: Shape
    package let summary: String

    /// The environment variable that sets it; nil inside a list, which is set as a whole.
    package var environmentVariable: String? {
        guard !path.contains("[]") else { return nil }
        return environmentPrefix + path.uppercased().split(separator: ".").joined(separator: "_")
    }
}
