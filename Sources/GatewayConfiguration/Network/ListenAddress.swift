/// Where a listener binds: an address of this machine and a port.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    package var address: IPAddress
    /// 0: any free port.
    package var port: UInt16

    package init(_ address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    /// Parses `127.0.0.1:8443`, `[::1]:8443` or `localhost:8443` (which is 127.0.0.1).
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = portNumber(text[text.index(after: colon)...]) else {
            return nil
        }
        let host = text[..<colon]
        if host == "localhost" {
            self.init(.v4(0x7f00_0001), port: port)
        } else if host.hasPrefix("["), host.hasSuffix("]"), host.contains(":") {
            guard let address = IPAddress(String(host.dropFirst().dropLast())) else { return nil }
            self.init(address, port: port)
        } else {
            guard !host.contains(":"), let address = IPAddress(String(host)) else { return nil }
            self.init(address, port: port)
        }
    }

    /// The address alone, without brackets.
    package var host: String { address.description }

    package var isIPv6: Bool {
        if case .v6 = address { true } else { false }
    }

    package var description: String { isIPv6 ? "[\(address)]:\(port)" : "\(address):\(port)" }
}

/// Parses decimal digits from 0 to 65535.
func portNumber(_ text: Substring) -> UInt16? {
    guard !text.isEmpty, text.utf8.count <= 5, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return UInt16(text)
}

extension ListenAddress {
    package static func loopback(port: UInt16) -> ListenAddress { ListenAddress(.v4(0x7f00_0001), port: port) }

    package static func anyIPv4(port: UInt16) -> ListenAddress { ListenAddress(.v4(0), port: port) }
}
