import Foundation
import GatewayConfiguration

/// What commands print and read.
enum Terminal {
    /// A line on standard output: the answer.
    static func print(_ line: String) { write(line + "\n") }

    static func write(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }

    /// A line on standard error: what a person should know and a script needn't.
    static func note(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }

    /// Whether somebody can be asked.
    static var inputIsATerminal: Bool { isatty(STDIN_FILENO) == 1 }

    static var errorsAreSeen: Bool { isatty(STDERR_FILENO) == 1 }

    /// Prints `value` as JSON with snake_case names.
    static func printJSON(_ value: some Encodable) throws { print(try JSONText.of(value)) }

    /// A table with its columns aligned, or `empty` where there are no rows.
    static func printTable(_ header: [String], _ rows: [[String]], empty: String) {
        guard !rows.isEmpty else { return note(empty) }
        let widths = header.indices.map { column in ([header] + rows).map { $0[column].count }.max() ?? 0 }
        for row in [header] + rows {
            let cells = zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            print(line)
        }
    }

    /// Asks a question on a terminal; where nobody can answer, the command itself was the answer.
    static func confirm(_ question: String, unless isConfirmed: Bool) throws {
        guard !isConfirmed, inputIsATerminal else { return }
        FileHandle.standardError.write(Data("\(question) [y/N] ".utf8))
        guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
            throw Refusal("nothing was changed")
        }
    }

    /// Seconds since 1970 as `2026-01-31 12:00:00Z`.
    static func moment(_ seconds: Double?) -> String {
        guard let seconds else { return "–" }
        return Date(timeIntervalSince1970: seconds).formatted(.iso8601.dateTimeSeparator(.space))
    }

    /// Client data on a terminal: without control characters, which could drive it.
    static func clean(_ text: String?) -> String {
        guard let text else { return "–" }
        return String(
            String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 32 && !(127..<160).contains($0.value) }))
    }
}

enum JSONText {
    static func of(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

/// Where commands take a secret from: never the command line, which every process can see.
enum SecretInput {
    /// The text of `file` without the line breaks at its end. `-` or nil is standard input; a terminal is asked
    /// without showing what is typed.
    static func read(_ file: String?) throws -> String {
        if let file, file != "-" { return try SecretFile.read(file) }
        if isatty(STDIN_FILENO) == 1 {
            guard let typed = getpass("Secret: ") else { throw Refusal("no secret was given") }
            return String(cString: typed)
        }
        return try StandardInput.text(limit: 64 << 10)
    }
}

enum StandardInput {
    /// All of standard input without the line breaks at its end.
    static func text(limit: Int) throws -> String {
        var data = Data()
        while data.count <= limit, let part = try FileHandle.standardInput.read(upToCount: limit + 1 - data.count),
            !part.isEmpty
        {
            data += part
        }
        guard data.count <= limit else { throw Refusal("standard input is longer than \(limit) bytes") }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw Refusal("standard input isn't UTF-8 text")
        }
        var trimmed = Substring(text)
        while let last = trimmed.last, last.isNewline { trimmed.removeLast() }
        return String(trimmed)
    }
}
