/// A range of addresses in CIDR notation (RFC 4632): `10.0.0.0/8`, `fd00::/8`, or one address.
package struct AddressRange: Sendable, Hashable, CustomStringConvertible {
    package let network: IPAddress
    /// 0–32 or 0–128.
    package let prefixLength: Int

    /// Parses CIDR text. Nil where it isn't that, or where bits are set beyond the prefix (most likely a slip).
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = parts.first.flatMap({ IPAddress(String($0)) }) else { return nil }
        let width = if case .v4 = address { 32 } else { 128 }
        var length = width
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy({ (48...57).contains($0) }), parts[1].utf8.count <= 3,
                let written = Int(parts[1]), written <= width
            else { return nil }
            length = written
        }
        network = address
        prefixLength = length
        guard Self.masked(address, length) == address else { return nil }
    }

    package func contains(_ address: IPAddress) -> Bool {
        switch (network, address) {
        case (.v4, .v4), (.v6, .v6): Self.masked(address, prefixLength) == network
        default: false
        }
    }

    package var description: String { "\(network)/\(prefixLength)" }

    private static func masked(_ address: IPAddress, _ length: Int) -> IPAddress {
        switch address {
        case .v4(let bits):
            // A shift by the whole width is well defined in Swift, and gives 0.
            .v4(bits & (UInt32.max << (32 - length)))
        case .v6(let high, let low):
            .v6(
                high: high & (UInt64.max << max(0, 64 - length)),
                low: length <= 64 ? 0 : low & (UInt64.max << (128 - length)))
        }
    }
}
