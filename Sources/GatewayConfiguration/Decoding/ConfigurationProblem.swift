/// Where a setting was written.
package enum ConfigurationOrigin: Sendable, Equatable, CustomStringConvertible {
    /// A line of a file, counted from 1; 0: the file as a whole.
    case file(String, line: Int)
    /// An environment variable.
    case environment(String)
    /// An argument of the command line.
    case argument
    /// Nowhere: a built-in default.
    case builtIn

    package var description: String {
        switch self {
        case .file(let name, line: 0): name
        case .file(let name, let line): "\(name):\(line)"
        case .environment(let name): name
        case .argument: ""
        case .builtIn: "built-in default"
        }
    }

    /// The line in a file; nil elsewhere.
    package var line: Int? {
        if case .file(_, let line) = self, line > 0 { line } else { nil }
    }
}

/// One thing that is wrong, or doubtful, in a configuration.
///
/// Reads `gateway.yaml:12: limits.streams: must be …`. Never holds a secret: what may be one isn't quoted.
package struct ConfigurationProblem: Sendable, Equatable, CustomStringConvertible {
    package let origin: ConfigurationOrigin
    /// The key, by its path: `limits.streams`, `listen[1].address`. Empty where the whole document is meant.
    package let path: String
    package let message: String

    package init(_ origin: ConfigurationOrigin, _ path: String, _ message: String) {
        self.origin = origin
        self.path = path
        self.message = message
    }

    package var description: String {
        [origin.description, path, message].filter { !$0.isEmpty }.joined(separator: ": ")
    }
}

/// A refused configuration: everything that is wrong with it, in the order of its lines.
package struct ConfigurationErrors: Error, Sendable, Equatable, CustomStringConvertible {
    package let problems: [ConfigurationProblem]

    package init(_ problems: [ConfigurationProblem]) { self.problems = problems.inOrderOfLines() }

    package var description: String { problems.map(\.description).joined(separator: "\n") }
}

extension [ConfigurationProblem] {
    /// By line; what stands in no file comes last. Problems of one line keep their order.
    func inOrderOfLines() -> [ConfigurationProblem] {
        enumerated().sorted { left, right in
            let lines = (left.element.origin.line ?? .max, right.element.origin.line ?? .max)
            return lines.0 == lines.1 ? left.offset < right.offset : lines.0 < lines.1
        }.map(\.element)
    }
}
