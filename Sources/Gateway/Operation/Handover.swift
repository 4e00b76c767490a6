import EventLoop
import Foundation

/// How a gateway that ends hands its addresses over to another one, without refusing a connection.
///
/// Both listen on the same addresses (`SO_REUSEPORT`); the kernel spreads connections over all their sockets. A socket
/// that is closed takes with it whoever is in the middle of connecting to it. So first the kernel is told to choose
/// among the other gateway's sockets only, and ours are closed when nobody is on the way to them any more.
struct Handover {
    /// How long a client may take to answer our half of TCP's handshake.
    static let grace = Duration.seconds(1)

    private let sockets: [Int32]

    /// Nil where nobody else listens on this address: then there is nobody to hand over to.
    init?(of listening: ListeningSockets) {
        guard !listening.isInherited,
            ListeningTable.count(listening.address) > listening.sockets.count
        else { return nil }
        sockets = listening.sockets
    }

    /// Sends new connections to the others: they have begun to listen after us, so that their sockets come after ours.
    func steer() {
        choose(first: sockets.count, among: sockets.count)
    }

    /// To be called before the last of the `open` sockets of ours is closed: the kernel puts the last of all sockets in
    /// its place, so that all but one of the places that are chosen now are the others' before and after that.
    func prepareToClose(open: Int) {
        guard let first = sockets.first else { return }
        if open == 1 {
            StreamSocket.chooseAmongAll(sharingWith: first)
        } else {
            choose(first: open, among: max(1, sockets.count - 1))
        }
    }

    private func choose(first: Int, among count: Int) {
        guard let socket = sockets.first else { return }
        StreamSocket.choose(first: first, among: count, sharingWith: socket)
    }
}

/// The listening sockets of this machine, as the kernel lists them.
enum ListeningTable {
    static func count(_ address: SocketAddress) -> Int {
        let file = address.bytes.count == 4 ? "/proc/self/net/tcp" : "/proc/self/net/tcp6"
        guard let table = try? String(contentsOfFile: file, encoding: .utf8) else { return 0 }
        return count(address, in: table)
    }

    /// Each line: number, local address, remote address, state (`0A`: listening) …; addresses are in words of the
    /// machine's byte order.
    static func count(_ address: SocketAddress, in table: String) -> Int {
        let bytes = address.bytes
        let words = stride(from: 0, to: bytes.count, by: 4).map { start in
            bytes[start..<start + 4].reversed().map { String(format: "%02X", $0) }.joined()
        }
        let wanted = words.joined() + ":" + String(format: "%04X", address.port)
        return table.split(separator: "\n").dropFirst().filter { line in
            let fields = line.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: true)
            return fields.count > 3 && fields[1] == wanted && fields[3] == "0A"
        }.count
    }
}
