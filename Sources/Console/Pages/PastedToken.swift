/// A token as people paste it: with what stood around it where they found it.
struct PastedToken: Sendable, Equatable {
    let token: String
    /// What was taken off, in words; nil: nothing.
    let removed: String?

    init(_ text: String) {
        var rest = Substring(text.trimmed)
        var removed: [String] = []
        func drop(_ prefix: String, _ words: String) {
            guard rest.prefix(prefix.count).lowercased() == prefix else { return }
            rest = Substring(String(rest.dropFirst(prefix.count)).trimmed)
            if !removed.contains(words) { removed.append(words) }
        }
        drop("authorization:", "the header's name")
        drop("bearer ", "the word 'Bearer'")
        if rest.hasPrefix("https://") || rest.hasPrefix("http://"), let found = Self.parameter(of: rest) {
            rest = found
            removed.append("the address around it")
        }
        for quote in ["\"", "'", "`"] where rest.count > 1 && rest.hasPrefix(quote) && rest.hasSuffix(quote) {
            rest = rest.dropFirst().dropLast()
            removed.append("quotes")
        }
        token = String(rest)
        self.removed = removed.isEmpty ? nil : removed.joined(separator: " and ")
    }

    /// What an address carries in one of the parameters that tokens come in.
    private static func parameter(of address: Substring) -> Substring? {
        guard let query = address.split(separator: "?", maxSplits: 1).dropFirst().first else { return nil }
        for pair in query.prefix(while: { $0 != "#" }).split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            if parts.count == 2, ["sso", "ssoToken", "jwt"].contains(parts[0]) { return parts[1] }
        }
        return nil
    }
}
