import EventLoop
import Foundation

/// The listening sockets of one address, one for each worker: opened before the process gives up what it needs for that.
struct ListeningSockets {
    /// With the port that was taken.
    let address: SocketAddress
    let sockets: [Int32]
    /// Whether whoever started the process keeps the address open: then nobody is refused while no gateway runs.
    let isInherited: Bool

    /// - Parameters:
    ///   - sharing: whether another gateway, which is to be replaced, may have the address. Else that is an error.
    init(
        on address: SocketAddress, count: Int, sharing: Bool, inherited: InheritedSockets
    ) throws(EventLoopError) {
        let handedOn = inherited.isOwn ? inherited.sockets(for: address) : []
        if let socket = handedOn.first, handedOn.count == count {
            self.address = StreamSocket.localAddress(of: socket) ?? address
            sockets = handedOn
            isInherited = false
            return
        }
        if let socket = inherited.sockets(for: address).first {
            self.address = StreamSocket.localAddress(of: socket) ?? address
            var sockets: [Int32] = []
            for _ in 0..<count { sockets.append(try StreamSocket.duplicate(socket)) }
            self.sockets = sockets
            isInherited = true
            return
        }
        let first = try StreamSocket.listen(on: address, as: sharing ? .oneOfMany : .firstOfMany)
        let taken = StreamSocket.localAddress(of: first) ?? address
        var sockets = [first]
        for _ in 1..<max(1, count) { sockets.append(try StreamSocket.listen(on: taken, as: .oneOfMany)) }
        self.address = taken
        self.sockets = sockets
        isInherited = false
    }
}

/// Sockets that the process was started with, by systemd's convention (`LISTEN_FDS`, sd_listen_fds(3)).
struct InheritedSockets {
    private static let firstDescriptor: Int32 = 3
    private static let ownName = "widget-gateway"

    /// Whether this program has opened them itself, before it became another user.
    let isOwn: Bool

    private let sockets: [Int32]

    init(_ environment: [String: String]) {
        isOwn = environment["LISTEN_FDNAMES"] == Self.ownName
        guard environment["LISTEN_PID"].flatMap(Int32.init) == getpid(),
            let count = environment["LISTEN_FDS"].flatMap(Int32.init), count > 0, count <= 4096
        else {
            sockets = []
            return
        }
        sockets = Array(Self.firstDescriptor..<Self.firstDescriptor + count)
        for socket in sockets {
            _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
            _ = fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK)
        }
    }

    /// Those that listen on `address`; where its port is 0, on any port of it.
    func sockets(for address: SocketAddress) -> [Int32] {
        sockets.filter { socket in
            guard let own = StreamSocket.localAddress(of: socket), own.bytes == address.bytes else { return false }
            return own.port == address.port || (isOwn && address.port == 0)
        }
    }

    /// Has the program that this process is about to become find `sockets`.
    static func handOn(_ sockets: [Int32]) {
        // First out of the way of the places that they are to have.
        let aside = sockets.map { fcntl($0, F_DUPFD, firstDescriptor + Int32(sockets.count)) }
        for (index, socket) in aside.enumerated() { dup2(socket, firstDescriptor + Int32(index)) }
        for socket in aside { _ = fcntl(socket, F_SETFD, FD_CLOEXEC) }
        setenv("LISTEN_PID", "\(getpid())", 1)
        setenv("LISTEN_FDS", "\(sockets.count)", 1)
        setenv("LISTEN_FDNAMES", ownName, 1)
    }
}
