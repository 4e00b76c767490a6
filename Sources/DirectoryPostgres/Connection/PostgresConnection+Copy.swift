import CPQ

extension PostgresConnection {
    /// Adds many rows to a table at once, by `COPY`, which takes them several times as fast as `INSERT`.
    ///
    /// - Parameter table: its name, and the columns in parentheses, as they stand in SQL.
    func copy(_ table: String, rows: [[PostgresValue]]) throws {
        try beginCopy("COPY \(table) FROM STDIN")
        for row in rows {
            var line = row.map(Self.field).joined(separator: "\t")
            line += "\n"
            guard
                line.withUTF8({ bytes in
                    bytes.withMemoryRebound(to: CChar.self) { putCopy($0) }
                })
            else { throw lost() }
        }
        try endCopy()
    }

    /// "Text Format" in the description of `COPY`.
    private static func field(_ value: PostgresValue) -> String {
        guard let text = value.encoded else { return "\\N" }
        guard text.utf8.contains(where: { [0x5C, 0x0A, 0x0D, 0x09].contains($0) }) else { return text }
        return text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n").replacing("\r", with: "\\r")
            .replacing("\t", with: "\\t")
    }
}
