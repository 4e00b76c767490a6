/// What a message may quote of a file.
///
/// A slip of the pen (a missing quote, a value in another's place) can put a secret where no secret belongs. Secrets
/// have 32 bytes or more, so nothing of that length is quoted, nor cut to be quoted: the line is named anyway.
enum Quotable {
    static let longest = 31

    /// `text` without control characters; nil where it is too long to be shown.
    static func text(_ text: String) -> String? {
        guard text.utf8.count <= longest else { return nil }
        return String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.value < 32 || (127..<160).contains($0.value) ? " " : $0 }))
    }

    /// The same for a key, which has to be in the message somehow.
    static func key(_ key: String) -> String { text(key) ?? "…" }
}
