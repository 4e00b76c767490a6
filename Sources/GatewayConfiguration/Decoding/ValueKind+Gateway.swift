extension ValueKind where Value == ListenAddress {
    static let listenAddress = ValueKind.parsed(
        "an address and a port, such as 127.0.0.1:8443 or [::1]:8443", show: \.description
    ) { text throws(ValueProblem) in
        if let address = ListenAddress(text) { return address }
        if text.hasPrefix(":"), let port = portNumber(text.dropFirst()) {
            throw ValueProblem("needs an address before the port: 0.0.0.0:\(port) listens on all")
        }
        return nil
    }
}

extension ValueKind where Value == AddressRange {
    static let addressRange = ValueKind.parsed(
        "a network such as 10.0.0.0/8 or fd00::/8 (no bits set after the prefix), or an address",
        show: \.description
    ) { text throws(ValueProblem) in
        AddressRange(text)
    }
}

extension ValueKind where Value == StorageConfiguration.Database {
    /// A database URL may hold a password: never quoted.
    static let database: ValueKind = {
        var kind = ValueKind.parsed("sqlite:PATH or postgres://…", show: show) { text throws(ValueProblem) in
            StorageConfiguration.Database(text)
        }
        kind.isSecret = true
        return kind
    }()

    private static func show(_ database: StorageConfiguration.Database) -> String {
        switch database {
        case .sqlite(let path): "sqlite:\(path)"
        case .postgres: "postgres://…"
        }
    }
}

extension ValueKind where Value == String {
    /// May hold a password: never quoted.
    static let postgresAddress: ValueKind = {
        var kind = ValueKind.parsed("postgres://…", show: { _ in "postgres://…" }) { text throws(ValueProblem) in
            guard !text.utf8.contains(0) else { return nil }
            return text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") ? text : nil
        }
        kind.isSecret = true
        return kind
    }()

    /// ASCII letters, digits, `-` and `_`; 1–64 characters.
    static func identifier(_ name: String, lowerCase: Bool = false) -> ValueKind {
        ValueKind(name: name) { text, _ in
            let allowed = text.utf8.allSatisfy { byte in
                (isLetterOrDigit(byte) && !(lowerCase && (65...90).contains(byte))) || byte == 45 || byte == 95
            }
            return allowed && (1...64).contains(text.utf8.count) ? text : nil
        } show: {
            $0
        }
    }

    /// A prefix of a path, in the form that requests are compared in: no query, no dot segments.
    static let routePath = ValueKind.parsed("a path that begins with /", show: { $0 }) { text throws(ValueProblem) in
        guard text.hasPrefix("/"), text.utf8.count <= 2048 else { return nil }
        guard text.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "\\") }) else {
            throw ValueProblem("must be ASCII without spaces or backslashes: percent-encode the rest")
        }
        guard !text.contains("?"), !text.contains("#") else {
            throw ValueProblem("must be a path alone, without a query or a fragment")
        }
        guard !text.split(separator: "/").contains(where: { $0 == "." || $0 == ".." }) else {
            throw ValueProblem("must not contain . or .. as a segment")
        }
        return text
    }
}

extension ValueKind where Value == RouteAccess {
    static let routeAccess = ValueKind(name: "public, widget or portal") { (text, _) throws(ValueProblem) in
        RouteAccess(rawValue: text)
    } show: {
        $0.rawValue
    }
}

/// Where an upstream is.
struct UpstreamAddress: Sendable, Equatable {
    enum Scheme: String, Sendable {
        case http, https, h2c

        var port: UInt16 { self == .https ? 443 : 80 }
    }

    var scheme: Scheme
    var host: String
    var port: UInt16
    var authority: String
}

extension ValueKind where Value == UpstreamAddress {
    static let upstreamAddress: ValueKind = {
        var kind = ValueKind.parsed(
            "a URL such as http://127.0.0.1:9000", show: { "\($0.scheme.rawValue)://\($0.authority)" }
        ) { text throws(ValueProblem) in
            let url = try WebAddress(text)
            guard let scheme = UpstreamAddress.Scheme(rawValue: url.scheme) else {
                throw ValueProblem("must be an http://, https:// or h2c:// URL")
            }
            guard url.rest.isEmpty || url.rest == "/" else {
                throw ValueProblem("must end after host and port: requests keep their own path")
            }
            let port = url.port ?? scheme.port
            let host = url.host.hasPrefix("[") ? String(url.host.dropFirst().dropLast()) : url.host
            return UpstreamAddress(
                scheme: scheme, host: host, port: port,
                authority: port == scheme.port ? url.host : "\(url.host):\(port)")
        }
        kind.isSecret = true
        return kind
    }()
}
