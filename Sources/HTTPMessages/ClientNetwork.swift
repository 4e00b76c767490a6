/// Whom a limit counts as one client: an IPv4 address, or the 64 bits of an IPv6 address that name its network, since
/// whoever has one address there has them all.
package struct ClientNetwork: Hashable, Sendable {
    private let bits: UInt64
    private let isIPv6: Bool

    /// - Parameter address: in network order, 4 or 16 bytes.
    package init(_ address: [UInt8]) {
        let isMapped = address.count == 16 && address[..<10].allSatisfy { $0 == 0 } && address[10...11] == [0xFF, 0xFF]
        isIPv6 = address.count == 16 && !isMapped
        let bytes = isMapped ? address[12...] : address.prefix(8)
        bits = bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
