/// What the environment variables of the configuration begin with.
package let environmentPrefix = "WIDGET_GATEWAY_"

/// Environment variables with the prefix that aren't keys of the configuration.
package let otherEnvironmentVariables: Set<String> = ["WIDGET_GATEWAY_MASTER_KEY"]

/// Lays environment variables over a document: they win over the file.
enum EnvironmentOverlay {
    /// Single values are taken as they are, lists and maps are YAML (`[{address: "127.0.0.1:8080", cleartext: true}]`).
    /// An empty variable counts as not set. Maps are laid before the single keys in them.
    static func apply(
        _ environment: [String: String], keys: [DocumentedKey], to document: inout ConfigurationNode,
        problems: inout [ConfigurationProblem]
    ) {
        let names = Dictionary(
            keys.compactMap { key in key.environmentVariable.map { ($0, key) } },
            uniquingKeysWith: { first, _ in first })
        var settings: [(key: DocumentedKey, name: String, text: String)] = []
        for (name, text) in environment.sorted(by: { $0.key < $1.key })
        where name.hasPrefix(environmentPrefix) && !text.isEmpty && !otherEnvironmentVariables.contains(name) {
            if let key = names[name] {
                settings.append((key, name, text))
            } else {
                problems.append(ConfigurationProblem(.environment(name), "", "unknown environment variable"))
            }
        }
        settings.sort { $0.key.path.split(separator: ".").count < $1.key.path.split(separator: ".").count }
        for (key, name, text) in settings {
            let path = key.path.split(separator: ".").map(String.init)
            switch key.shape {
            case .scalar:
                let node = ConfigurationNode(content: .scalar(text, .verbatim), origin: .environment(name))
                document.set(path[...], to: node)
            case .collection:
                do throws(ConfigurationErrors) {
                    document.set(path[...], to: try YAMLDocument.parse(text) { _ in .environment(name) })
                } catch {
                    problems += error.problems
                }
            }
        }
    }
}
