/// A value of a configuration document, not yet typed, with the place where it was written.
struct ConfigurationNode: Sendable {
    enum Content: Sendable {
        case null
        case scalar(String, ScalarStyle)
        case list([ConfigurationNode])
        case map([Entry])
    }

    struct Entry: Sendable {
        let key: String
        /// Where the key stands.
        let origin: ConfigurationOrigin
        var value: ConfigurationNode
    }

    var content: Content
    let origin: ConfigurationOrigin

    /// What the value is, in an operator's words.
    var kindName: String {
        switch content {
        case .null: "nothing"
        case .scalar: "a single value"
        case .list: "a list"
        case .map: "a map"
        }
    }

    var isNull: Bool {
        if case .null = content { true } else { false }
    }

    /// Puts `node` at the end of `path`, making or replacing what stands in the way.
    mutating func set(_ path: ArraySlice<String>, to node: ConfigurationNode) {
        guard let key = path.first else {
            self = node
            return
        }
        var entries: [Entry] = []
        if case .map(let existing) = content { entries = existing }
        if let index = entries.firstIndex(where: { $0.key == key }) {
            var value = entries[index].value
            value.set(path.dropFirst(), to: node)
            entries[index] = Entry(
                key: key, origin: path.count == 1 ? node.origin : entries[index].origin, value: value)
        } else {
            var value = ConfigurationNode(content: .map([]), origin: node.origin)
            value.set(path.dropFirst(), to: node)
            entries.append(Entry(key: key, origin: node.origin, value: value))
        }
        content = .map(entries)
    }
}

/// How a scalar was written, which decides what types it may have.
enum ScalarStyle: Sendable {
    /// Without quotes, in YAML: `12` is a number and `yes` a boolean.
    case plain
    /// In quotes, in YAML: always text.
    case quoted
    /// Outside YAML (environment, command line): whatever type is wanted.
    case verbatim
}
