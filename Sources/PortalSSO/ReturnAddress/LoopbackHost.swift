/// Names and addresses that never leave this machine.
enum LoopbackHost {
    /// `localhost`, names under it, 127.0.0.0/8 and `[::1]`; `host` is in lower case.
    static func isOne(_ host: String) -> Bool {
        if host == "localhost" || host.hasSuffix(".localhost") || host == "[::1]" { return true }
        let octets = host.split(separator: ".", omittingEmptySubsequences: false)
        // `UInt8` reads a sign and leading zeros; some readers of addresses take the latter for octal.
        return octets.count == 4 && octets[0] == "127"
            && octets.allSatisfy { octet in UInt8(octet).map { String($0) == octet } ?? false }
    }
}
