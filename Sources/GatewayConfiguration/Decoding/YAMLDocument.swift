import Yams

/// Reads YAML text into nodes that know their lines.
enum YAMLDocument {
    /// Parses one document; an empty one is `null`.
    ///
    /// The parser's own error text is not passed on whole: it quotes the line, which may hold a secret.
    static func parse(
        _ text: String, at origin: (_ line: Int) -> ConfigurationOrigin
    ) throws(ConfigurationErrors) -> ConfigurationNode {
        let node: Node?
        do {
            node = try compose(yaml: text)
        } catch let error as YamlError {
            throw ConfigurationErrors([problem(error, at: origin)])
        } catch {
            throw ConfigurationErrors([ConfigurationProblem(origin(1), "", "isn't YAML")])
        }
        guard let node else { return ConfigurationNode(content: .null, origin: origin(1)) }
        var problems: [ConfigurationProblem] = []
        let result = convert(node, depth: 0, at: origin, problems: &problems)
        guard problems.isEmpty else { throw ConfigurationErrors(problems) }
        return result
    }

    private static let maximumDepth = 32

    private static func convert(
        _ node: Node, depth: Int, at origin: (Int) -> ConfigurationOrigin, problems: inout [ConfigurationProblem]
    ) -> ConfigurationNode {
        let place = origin(node.mark?.line ?? 1)
        guard depth < maximumDepth else {
            problems.append(ConfigurationProblem(place, "", "is nested deeper than \(maximumDepth) levels"))
            return ConfigurationNode(content: .null, origin: place)
        }
        switch node {
        case .scalar(let scalar):
            let plain = scalar.style == .plain || scalar.style == .any
            if plain, ["", "~", "null", "Null", "NULL"].contains(scalar.string) {
                return ConfigurationNode(content: .null, origin: place)
            }
            return ConfigurationNode(content: .scalar(scalar.string, plain ? .plain : .quoted), origin: place)
        case .sequence(let sequence):
            let elements = sequence.map { convert($0, depth: depth + 1, at: origin, problems: &problems) }
            return ConfigurationNode(content: .list(elements), origin: place)
        case .mapping(let mapping):
            var entries: [ConfigurationNode.Entry] = []
            for (key, value) in mapping {
                let keyPlace = origin(key.mark?.line ?? 1)
                guard case .scalar(let scalar) = key else {
                    problems.append(ConfigurationProblem(keyPlace, "", "a key must be plain text"))
                    continue
                }
                let value = convert(value, depth: depth + 1, at: origin, problems: &problems)
                entries.append(ConfigurationNode.Entry(key: scalar.string, origin: keyPlace, value: value))
            }
            return ConfigurationNode(content: .map(entries), origin: place)
        case .alias:
            problems.append(ConfigurationProblem(place, "", "an alias leads nowhere"))
            return ConfigurationNode(content: .null, origin: place)
        }
    }

    private static func problem(
        _ error: YamlError, at origin: (Int) -> ConfigurationOrigin
    ) -> ConfigurationProblem {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            ConfigurationProblem(origin(mark.line), "", "isn't YAML: \(problem) (column \(mark.column))")
        case .duplicatedKeysInMapping(let duplicates, let context):
            ConfigurationProblem(
                origin(context.mark.line), duplicates.map(Quotable.key).joined(separator: ", "), "is written twice")
        case .reader(let problem, let offset, _, let yaml):
            ConfigurationProblem(
                origin(1 + yaml.prefix(offset ?? 0).count { $0.isNewline }), "", "isn't YAML: \(problem)")
        default:
            ConfigurationProblem(origin(1), "", "isn't YAML")
        }
    }
}
