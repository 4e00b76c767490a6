/// Text of a client's, made fit to be shown: short, and without characters that move a cursor, turn the direction of
/// writing or hide.
enum ShownText {
    /// How many characters are kept of a longer text.
    static let longest = 120

    static func of(_ bytes: UnsafeRawBufferPointer) -> String {
        // A character takes at most four bytes: nothing that could be shown is left out here.
        let text = String(decoding: bytes.prefix(4 * (longest + 1)), as: UTF8.self)
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(longest) { shown.append(isHarmless(scalar) ? scalar : "\u{FFFD}") }
        if text.unicodeScalars.count > longest { shown.append("…") }
        return String(shown)
    }

    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }
}
