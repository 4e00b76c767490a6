/// Scheme, host and port of an `http` or `https` address.
struct WebOrigin: Equatable {
    enum Scheme: String {
        case http
        case https

        var standardPort: Int { self == .https ? 443 : 80 }
    }

    let scheme: Scheme
    /// In lower case; an IPv6 address in brackets, as written.
    let host: String
    /// Nil: the scheme's default.
    let port: Int?

    /// An origin, and what follows it.
    struct Prefix {
        let origin: WebOrigin
        /// Path, query and fragment.
        let rest: ArraySlice<UInt8>
    }

    /// Nil where the portal's authority isn't one that a browser would show.
    init?(_ portal: PortalOrigin) {
        guard let scheme = Scheme(rawValue: portal.scheme) else { return nil }
        self.init(scheme: scheme, authority: Array(portal.authority.utf8)[...])
    }

    fileprivate init?(scheme: Scheme, authority: ArraySlice<UInt8>) {
        let isBracketed = authority.first == UInt8(ascii: "[")
        let end =
            isBracketed
            ? authority.firstIndex(of: UInt8(ascii: "]")).map { $0 + 1 }
            : authority.firstIndex(of: UInt8(ascii: ":")) ?? authority.endIndex
        guard let end else { return nil }
        let name = authority[..<end]
        let tail = authority[end...]
        guard isBracketed ? Self.isIPv6(name) : Self.isHostName(name) else { return nil }
        var port: Int?
        if !tail.isEmpty {
            guard tail.first == UInt8(ascii: ":"), let number = Self.portNumber(tail.dropFirst()) else { return nil }
            port = number == scheme.standardPort ? nil : number
        }
        self.scheme = scheme
        host = String(decoding: name, as: UTF8.self).lowercased()
        self.port = port
    }

    /// `host`, or `host:port` where the port isn't the scheme's default.
    var authority: String { port.map { "\(host):\($0)" } ?? host }

    /// `https://feedback.acme.test`
    var text: String { "\(scheme.rawValue)://\(authority)" }

    /// Whether the organization has listed this origin's host, and a browser may be sent there by its scheme.
    func isListed(in hosts: [String], seenFrom portal: PortalOrigin) -> Bool {
        guard scheme == .https || portal.scheme == "http" || LoopbackHost.isOne(host) else { return false }
        if hosts.contains(authority) { return true }
        return port == WebOrigin(portal)?.port && hosts.contains(host)
    }

    private static func portNumber(_ digits: ArraySlice<UInt8>) -> Int? {
        guard (1...5).contains(digits.count), digits.first != UInt8(ascii: "0") else { return nil }
        var number = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            number = number * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return number <= 65535 ? number : nil
    }

    /// Letters, digits, `-` and `_` in labels that aren't empty.
    private static func isHostName(_ name: ArraySlice<UInt8>) -> Bool {
        guard name.count <= 253 else { return false }
        return name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty
                && label.allSatisfy { $0.isLetterOrDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
        }
    }

    /// The characters of an address between its brackets: whether it is one is for the list to say.
    private static func isIPv6(_ name: ArraySlice<UInt8>) -> Bool {
        (4...47).contains(name.count)
            && name.dropFirst().dropLast().allSatisfy {
                $0.hexadecimalValue != nil || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".")
            }
    }
}

extension WebOrigin.Prefix {
    /// Nil where the text doesn't begin with `http://` or `https://`, in any letter case, and a host.
    init?(_ bytes: [UInt8]) {
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon <= 5,
            let scheme = WebOrigin.Scheme(rawValue: String(decoding: bytes[..<colon], as: UTF8.self).lowercased())
        else { return nil }
        let afterScheme = bytes[(colon + 1)...]
        guard afterScheme.starts(with: "//".utf8) else { return nil }
        let start = colon + 3
        let end =
            bytes[start...].firstIndex {
                $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#")
            } ?? bytes.endIndex
        guard let origin = WebOrigin(scheme: scheme, authority: bytes[start..<end]) else { return nil }
        self.init(origin: origin, rest: bytes[end...])
    }
}
