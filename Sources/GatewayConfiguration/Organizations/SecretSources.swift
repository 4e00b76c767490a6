import UserDirectory

/// Where an organizations file may take its secrets from.
struct SecretSources {
    let files: ConfigurationFiles
    let environment: [String: String]
    let allowWeak: Bool

    /// Reads `{secret: …}`, `{secret_env: …}` or `{secret_file: …}`. No message ever holds the secret.
    func read(_ reader: inout MapReader) -> String? {
        var kind = ValueKind.text("text in quotes", longest: SecretPolicy.maximumBytes)
        kind.isSecret = true
        let inline = reader.optional("secret", kind.withoutQuoting, "The secret itself, in quotes.")
        let variable = reader.optional("secret_env", .text(), "The environment variable that holds it.")
        let file = reader.optional(
            "secret_file", .text("a path", longest: 4096), "The file that holds it; a line break at its end is cut off."
        )
        let written = ["secret", "secret_env", "secret_file"].filter(reader.has)
        guard written.count == 1, let key = written.first else {
            reader.report("", "must have exactly one of secret, secret_env and secret_file")
            return nil
        }
        let text: String
        if let inline {
            text = inline
        } else if let variable {
            guard let value = environment[variable] else {
                reader.report(key, "the environment variable \(Quotable.text(variable) ?? "that it names") isn't set")
                return nil
            }
            text = value
        } else if let file {
            do throws(ConfigurationErrors) {
                text = try Self.text(of: files.resolve(file))
            } catch {
                reader.report(
                    key, "\(Quotable.text(file) ?? "the file") \(error.problems.first?.message ?? "can't be read")")
                return nil
            }
        } else {
            return nil
        }
        do throws(SecretRefusal) {
            try SecretPolicy.check(text, allowWeak: allowWeak)
        } catch {
            reader.report(key, error.description)
            return nil
        }
        return text
    }

    /// A secret file's text, without the line breaks at its end.
    static func text(of file: String) throws(ConfigurationErrors) -> String {
        var text = Substring(try ConfigurationFiles.text(of: file, limit: 64 << 10))
        while let last = text.last, last.isNewline { text.removeLast() }
        return String(text)
    }
}

extension ValueKind where Value == String {
    /// The same kind, whose errors never show what was written, not even to explain it.
    fileprivate var withoutQuoting: ValueKind {
        var kind = ValueKind(name: name) { (text, style) throws(ValueProblem) in
            do throws(ValueProblem) {
                return try read(text, style)
            } catch {
                return nil
            }
        } show: { _ in
            ""
        }
        kind.isSecret = true
        return kind
    }
}

/// The secret in a file, for commands: its text without the line breaks at its end.
package enum SecretFile {
    package static func read(_ file: String) throws(ConfigurationErrors) -> String { try SecretSources.text(of: file) }
}
