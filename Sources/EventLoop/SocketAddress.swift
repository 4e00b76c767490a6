import Glibc

/// An IPv4 or IPv6 address with a port.
package struct SocketAddress: Sendable, Equatable, CustomStringConvertible {
    package let host: String
    package let port: UInt16
    private let isIPv6: Bool
    /// In network order: 4 or 16 bytes.
    package let bytes: [UInt8]

    /// Parses a literal address; names aren't looked up here.
    package init?(host: String, port: UInt16) {
        self.host = host
        self.port = port
        var v4 = in_addr()
        var v6 = in6_addr()
        if inet_pton(AF_INET, host, &v4) == 1 {
            isIPv6 = false
            bytes = withUnsafeBytes(of: v4) { Array($0) }
        } else if inet_pton(AF_INET6, host, &v6) == 1 {
            isIPv6 = true
            bytes = withUnsafeBytes(of: v6) { Array($0) }
        } else {
            return nil
        }
    }

    /// Looks a name up: blocks, so never on a worker.
    package static func resolve(host: String, port: UInt16) -> [SocketAddress] {
        if let literal = SocketAddress(host: host, port: port) { return [literal] }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = list
        while let entry = next {
            if let address = entry.pointee.ai_addr.flatMap({ SocketAddress(reading: UnsafeRawPointer($0), port: port) })
            {
                found.append(address)
            }
            next = entry.pointee.ai_next
        }
        return found
    }

    /// Reads what the operating system wrote; `port` replaces the one in there where given.
    init?(reading pointer: UnsafeRawPointer, port: UInt16? = nil) {
        let family = Int32(pointer.loadUnaligned(as: sockaddr.self).sa_family)
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        if family == AF_INET {
            var address = pointer.loadUnaligned(as: sockaddr_in.self)
            inet_ntop(AF_INET, &address.sin_addr, &text, socklen_t(text.count))
            isIPv6 = false
            bytes = withUnsafeBytes(of: address.sin_addr) { Array($0) }
            self.port = port ?? UInt16(bigEndian: address.sin_port)
        } else if family == AF_INET6 {
            var address = pointer.loadUnaligned(as: sockaddr_in6.self)
            inet_ntop(AF_INET6, &address.sin6_addr, &text, socklen_t(text.count))
            isIPv6 = true
            bytes = withUnsafeBytes(of: address.sin6_addr) { Array($0) }
            self.port = port ?? UInt16(bigEndian: address.sin6_port)
        } else {
            return nil
        }
        host = text.withUnsafeBufferPointer { String(decoding: $0.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self) }
    }

    package var description: String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }

    package var isLoopback: Bool {
        isIPv6 ? bytes == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1] : bytes.first == 127
    }

    var family: Int32 { isIPv6 ? AF_INET6 : AF_INET }

    func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        if isIPv6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &address.sin6_addr) { $0.copyBytes(from: bytes) }
            return withUnsafePointer(to: address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        withUnsafeMutableBytes(of: &address.sin_addr) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}
