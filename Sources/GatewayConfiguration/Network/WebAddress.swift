/// The parts of an absolute URL, as strictly as a setting can be: ASCII, no user name, no backslash, no control
/// character, and a host that is a name or an address.
struct WebAddress: Equatable {
    /// In lower case.
    var scheme: String
    /// In lower case; an IPv6 address in brackets.
    var host: String
    var port: UInt16?
    /// What follows the host: path, query, fragment.
    var rest: String

    init(_ text: String) throws(ValueProblem) {
        guard text.utf8.count <= 2048, text.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "\\") }),
            let separator = text.firstIndex(of: ":"), text[separator...].hasPrefix("://"),
            text[..<separator].utf8.allSatisfy({ isLetterOrDigit($0) || $0 == UInt8(ascii: "+") })
        else { throw ValueProblem("must be an absolute URL") }
        scheme = text[..<separator].lowercased()
        let afterScheme = text[separator...].dropFirst(3)
        let authority = afterScheme.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        rest = String(afterScheme.dropFirst(authority.count))
        guard !authority.contains("@") else { throw ValueProblem("must not carry a user name or password") }
        let parts = try HostAndPort(String(authority))
        host = parts.host
        port = parts.port
    }

    var isLoopback: Bool { isLoopbackHost(host) }
}

/// A host name or address in lower case, with an optional port.
struct HostAndPort: Equatable {
    var host: String
    var port: UInt16?

    init(_ text: String) throws(ValueProblem) {
        let bracketed = text.hasPrefix("[")
        let end = bracketed ? text.firstIndex(of: "]").map(text.index(after:)) : text.firstIndex(of: ":")
        let name = text[..<(end ?? text.endIndex)]
        let tail = text[name.endIndex...]
        host = name.lowercased()
        if !tail.isEmpty {
            guard tail.hasPrefix(":"), let number = portNumber(tail.dropFirst()), number > 0 else {
                throw ValueProblem("must have a port from 1 to 65535 after the host, or none")
            }
            port = number
        }
        guard
            bracketed
                ? end != nil && IPAddress(String(name.dropFirst().dropLast())) != nil && name.contains(":")
                : isHostName(host)
        else { throw ValueProblem("must have a valid host name") }
    }

    var text: String { port.map { "\(host):\($0)" } ?? host }
}

/// Letters, digits, `-` and `_` in labels of at most 63 characters (RFC 1123, and the underscore that container
/// networks use). IPv4 addresses pass as well.
func isHostName(_ text: String) -> Bool {
    guard !text.isEmpty, text.utf8.count <= 253 else { return false }
    return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
        (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
            && label.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
    }
}

/// `localhost`, names under it, 127.0.0.0/8 and `[::1]`.
func isLoopbackHost(_ host: String) -> Bool {
    if host == "localhost" || host.hasSuffix(".localhost") { return true }
    let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    return IPAddress(bare)?.isLoopback ?? false
}

func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"):
        true
    default: false
    }
}
