/// One entry of `allowed_origins`: an exact origin, or `https://*.example.com` for every host below a domain.
struct OriginRule: Sendable, Equatable {
    private let scheme: Substring
    private let host: Substring
    private let coversSubdomains: Bool

    init?(_ text: String) {
        let text = text.lowercased()[...]
        guard let mark = text.firstRange(of: "://") else { return nil }
        scheme = text[..<mark.lowerBound]
        let rest = text[mark.upperBound...]
        coversSubdomains = rest.hasPrefix("*.")
        host = coversSubdomains ? rest.dropFirst() : rest
        guard !host.isEmpty, !host.contains("*") else { return nil }
    }

    /// `origin` is compared whole: browsers send scheme and host in lower case and leave a default port out.
    func matches(_ origin: String) -> Bool {
        let origin = origin[...]
        guard let mark = origin.firstRange(of: "://"), origin[..<mark.lowerBound] == scheme else { return false }
        let candidate = origin[mark.upperBound...]
        guard coversSubdomains else { return candidate == host }
        guard candidate.hasSuffix(host), candidate.count > host.count else { return false }
        return candidate.dropLast(host.count).utf8.allSatisfy {
            (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x2E
        }
    }
}
