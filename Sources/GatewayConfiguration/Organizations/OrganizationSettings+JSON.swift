import IdentityCore
package import UserDirectory

extension OrganizationSettings {
    /// The settings as a JSON object with the keys of an organizations file, all of them, without secrets.
    package var json: JSONValue { node.json }

    /// Reads a whole set of settings, as an organizations file has them; what isn't there has its default. Throws
    /// everything that is wrong at once.
    package init(json: JSONValue) throws(ConfigurationErrors) {
        try Self.checkTypes(json)
        self = try Self.read(json.node)
    }

    /// These settings with the members of `json` in the place of theirs, `sso` member by member. `null` is a value, as
    /// in an organizations file. With another dialect, what still has the old dialect's default gets the new one's.
    package func changing(json: JSONValue) throws(ConfigurationErrors) -> OrganizationSettings {
        try Self.checkTypes(json)
        var dialect: Dialect?
        if case .string(let text) = json["dialect"] { dialect = Dialect(rawValue: text) }
        guard case .object(let members) = json else {
            throw ConfigurationErrors([ConfigurationProblem(.argument, "", "must be an object, not \(json.kindName)")])
        }
        var node = (dialect.map(taking) ?? self).node
        for member in members {
            if member.key == "sso", case .object(let inner) = member.value {
                for member in inner { node.set(["sso", member.key], to: member.value.node) }
            } else {
                node.set([member.key], to: member.value.node)
            }
        }
        return try Self.read(node)
    }

    /// What YAML is lenient about and JSON needn't be: numbers for texts, and `null` for lists and maps.
    private static func checkTypes(_ json: JSONValue) throws(ConfigurationErrors) {
        var problems: [ConfigurationProblem] = []
        func check(_ json: JSONValue, _ path: String) {
            guard case .object(let members) = json else { return }
            for member in members {
                let path = path + Quotable.key(member.key)
                switch member.value {
                case .null where !nullable.contains(path):
                    problems.append(ConfigurationProblem(.argument, path, "must not be null"))
                case .array(let elements):
                    for (index, element) in elements.enumerated() {
                        if case .string = element { continue }
                        problems.append(
                            ConfigurationProblem(
                                .argument, "\(path)[\(index)]", "must be a string, not \(element.kindName)"))
                    }
                case .object: check(member.value, path + ".")
                default: break
                }
            }
        }
        check(json, "")
        guard problems.isEmpty else { throw ConfigurationErrors(problems) }
    }

    private static let nullable: Set = ["max_token_lifetime_seconds", "sso.login_url", "sso.logout_url"]

    private static func read(_ node: ConfigurationNode) throws(ConfigurationErrors) -> OrganizationSettings {
        let session = DecodingSession()
        let settings = session.read(node, path: "") { OrganizationSettings.read(&$0) } ?? nil
        guard let settings, session.problems.isEmpty else { throw ConfigurationErrors(session.problems) }
        return settings
    }
}

extension ConfigurationNode {
    fileprivate var json: JSONValue {
        switch content {
        case .null: .null
        case .scalar(let text, .plain):
            switch text {
            case "true": .bool(true)
            case "false": .bool(false)
            default: Int(text).map { .integer($0) } ?? .string(text)
            }
        case .scalar(let text, .quoted), .scalar(let text, .verbatim): .string(text)
        case .list(let elements): .array(elements.map(\.json))
        case .map(let entries): .object(entries.map { JSONValue.Member($0.key, $0.value.json) })
        }
    }
}

extension JSONValue {
    fileprivate var node: ConfigurationNode {
        let content: ConfigurationNode.Content =
            switch self {
            case .null: .null
            case .bool(let value): .scalar(value ? "true" : "false", .plain)
            case .integer(let value): .scalar(String(value), .plain)
            case .number(let value): .scalar("\(value)", .plain)
            case .string(let text): .scalar(text, .quoted)
            case .array(let elements): .list(elements.map(\.node))
            case .object(let members):
                .map(members.map { ConfigurationNode.Entry(key: $0.key, origin: .argument, value: $0.value.node) })
            }
        return ConfigurationNode(content: content, origin: .argument)
    }
}
