/// A path with named segments: `/organizations/{organization}/users`.
package struct PathPattern: Sendable {
    package let text: String
    private let segments: [Substring]

    package init(_ text: String) {
        self.text = text
        segments = text.split(separator: "/")
    }

    /// What the named segments are in `path`, percent-decoded; nil where it doesn't fit, or a segment is empty, isn't
    /// UTF-8, or holds NUL.
    ///
    /// - Parameter path: split at slashes, empty segments among them, without the one before the first slash.
    package func match(_ path: [Substring]) -> [String: String]? {
        guard segments.count == path.count else { return nil }
        var values: [String: String] = [:]
        for (segment, text) in zip(segments, path) {
            guard segment.hasPrefix("{") else {
                guard segment == text else { return nil }
                continue
            }
            guard let value = PercentDecoding.text(text), !value.isEmpty, !value.utf8.contains(0) else { return nil }
            values[String(segment.dropFirst().dropLast())] = value
        }
        return values
    }
}
