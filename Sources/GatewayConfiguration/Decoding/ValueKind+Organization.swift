extension ValueKind where Value == String {
    static let organizationID = identifier("lower-case letters, digits, - and _ (1–64)", lowerCase: true)

    /// A host of an organization in lower case, without a port that is a scheme's default.
    static let organizationHost = ValueKind.parsed(
        "a host name such as feedback.acme.test, without a scheme or a path", show: { $0 }
    ) { text throws(ValueProblem) in
        guard text.utf8.count <= 260, !text.contains("://"), !text.contains("/") else { return nil }
        var host = try HostAndPort(text)
        if host.port == 443 || host.port == 80 { host.port = nil }
        return host.text
    }

    /// An origin that CORS lets in: exact, or every name under a domain.
    static let allowedOrigin = ValueKind.parsed(
        "an origin such as https://app.acme.test or https://*.acme.test", show: { $0 }
    ) { text throws(ValueProblem) in
        let wildcard = "https://*."
        let isWildcard = text.lowercased().hasPrefix(wildcard)
        let url = try WebAddress(isWildcard ? "https://" + text.dropFirst(wildcard.count) : text)
        guard url.rest.isEmpty else {
            throw ValueProblem("must end after the host: an origin has no path, nor a / at its end")
        }
        guard url.scheme == "https" || (url.scheme == "http" && url.isLoopback) else {
            throw ValueProblem("must begin with https:// (http:// only for loopback hosts)")
        }
        if isWildcard, !url.host.contains("."), url.host != "localhost" {
            throw ValueProblem("must name a domain after *., not all of a top-level domain")
        }
        let standard: UInt16 = url.scheme == "https" ? 443 : 80
        let port = url.port.flatMap { $0 == standard ? nil : ":\($0)" } ?? ""
        return (isWildcard ? wildcard : "\(url.scheme)://") + url.host + port
    }

    /// A page that browsers are sent to.
    static let pageURL = ValueKind.parsed("an https:// URL (http:// only for loopback hosts)", show: { $0 }) {
        text throws(ValueProblem) in
        let url = try WebAddress(text)
        guard url.scheme == "https" || (url.scheme == "http" && url.isLoopback) else { return nil }
        guard !url.rest.contains("#") else { throw ValueProblem("must not have a fragment") }
        return text
    }

    /// The id of a forum. YAML may take it for a number.
    static let forumID = ValueKind.parsed("a forum's id: 1 to 20 digits", show: { $0 }) { text throws(ValueProblem) in
        (1...20).contains(text.utf8.count) && text.utf8.allSatisfy { (48...57).contains($0) } ? text : nil
    }
}
