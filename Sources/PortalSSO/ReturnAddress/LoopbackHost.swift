/// Names and addresses that never leave this machine.
package enum LoopbackHost {
    /// Whether a host is one, with a port behind it or without; in lower case.
    package static func isOne(authority: String) -> Bool {
        guard let colon = authority.lastIndex(of: ":"), authority[colon...].dropFirst().allSatisfy(\.isASCIIDigit)
        else {
            return isOne(authority)
        }
        return isOne(String(authority[..<colon]))
    }

    /// `localhost`, names under it, 127.0.0.0/8 and `[::1]`; `host` is in lower case.
    static func isOne(_ host: String) -> Bool {
        if host == "localhost" || host.hasSuffix(".localhost") || host == "[::1]" { return true }
        let octets = host.split(separator: ".", omittingEmptySubsequences: false)
        // `UInt8` reads a sign and leading zeros; some readers of addresses take the latter for octal.
        return octets.count == 4 && octets[0] == "127"
            && octets.allSatisfy { octet in UInt8(octet).map { String($0) == octet } ?? false }
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}
