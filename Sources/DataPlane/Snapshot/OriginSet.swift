/// The origins whose pages may call: `allowed_origins` of one organization, or of all together.
///
/// An entry is an exact origin, or `https://*.example.com` for every host below a domain. Looked up without going
/// through the entries, of which thousands of organizations have many.
struct OriginSet: Sendable, Equatable {
    /// The longest origin that is looked at, in bytes: a host has at most 253.
    private static let longestOrigin = 280

    private var exact: Set<String> = []
    /// `https://.example.com`
    private var domains: Set<String> = []

    /// Entries that are none are left out: settings are checked where they are written.
    init(_ entries: [String]) {
        for entry in entries.map({ $0.lowercased() }) {
            guard let mark = entry.firstRange(of: "://"), mark.upperBound < entry.endIndex else { continue }
            let host = entry[mark.upperBound...]
            if !host.contains("*") {
                exact.insert(entry)
            } else if host.hasPrefix("*."), host.dropFirst(2).first != nil, !host.dropFirst().contains("*") {
                domains.insert(String(entry[..<mark.upperBound] + host.dropFirst()))
            }
        }
    }

    var isEmpty: Bool { exact.isEmpty && domains.isEmpty }

    mutating func formUnion(_ other: OriginSet) {
        exact.formUnion(other.exact)
        domains.formUnion(other.domains)
    }

    /// `origin` is compared whole: browsers send scheme and host in lower case and leave a default port out.
    func allows(_ origin: String) -> Bool {
        guard origin.utf8.count <= Self.longestOrigin else { return false }
        if exact.contains(origin) { return true }
        guard !domains.isEmpty, let mark = origin.firstRange(of: "://") else { return false }
        let scheme = origin[..<mark.upperBound]
        var rest = origin[mark.upperBound...]
        while let dot = rest.firstIndex(of: ".") {
            let isHost = rest[..<dot].utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
            }
            guard isHost, dot > rest.startIndex else { return false }
            if domains.contains(String(scheme + origin[dot...])) { return true }
            rest = origin[origin.index(after: dot)...]
        }
        return false
    }
}
