import EventLoop
import Foundation

/// Tells the service manager how the gateway is (sd_notify(3)): a datagram to the socket in `NOTIFY_SOCKET`. Without one
/// nothing happens.
struct ServiceNotifier: Sendable {
    private let path: String?
    /// Whether the service manager wants to hear `isAlive` every now and then.
    let hasWatchdog: Bool

    init(_ environment: [String: String]) {
        path = environment["NOTIFY_SOCKET"].flatMap { $0.first == "/" || $0.first == "@" ? $0 : nil }
        let watched = environment["WATCHDOG_PID"].map { Int32($0) == getpid() } ?? true
        hasWatchdog = watched && environment["WATCHDOG_USEC"].flatMap(UInt64.init).map { $0 > 0 } ?? false
    }

    func isReady(_ status: String) { send("READY=1\nSTATUS=\(status)") }

    func isReloading() { send("RELOADING=1\nMONOTONIC_USEC=\(EventLoop.monotonicNanoseconds() / 1000)") }

    func isStopping() { send("STOPPING=1\nSTATUS=draining") }

    func isAlive() { if hasWatchdog { send("WATCHDOG=1") } }

    private func send(_ text: String) {
        guard let path else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        // A name that begins with @ isn't a file's: its first byte is 0, and its length counts.
        if name.first == 0x40 { name[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = Array(text.utf8).withUnsafeBytes {
                    sendto(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL), address, length)
                }
            }
        }
    }
}
