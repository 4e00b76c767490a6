import CLibUV
import Glibc

/// The system calls on TCP sockets, all of them non-blocking.
package enum StreamSocket {
    package enum Outcome: Equatable {
        case done(Int)
        case wouldBlock
        /// The other side has closed (reading only).
        case closed
        case failed(Int32)
    }

    /// Who may listen on the same address (`SO_REUSEPORT`): the kernel spreads connections over all that do.
    package enum Sharing {
        /// Nobody else: an address that is taken is an error.
        case alone
        /// Nobody yet, but others of this user's from now on.
        case firstOfMany
        /// Whoever shares it too.
        case oneOfMany
    }

    package static func listen(
        on address: SocketAddress, as sharing: Sharing, backlog: Int32 = 4096
    ) throws(EventLoopError) -> Int32 {
        let descriptor = try open(address.family)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        if sharing == .oneOfMany {
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, socklen_t(MemoryLayout<Int32>.size))
        }
        guard address.withSockaddr({ bind(descriptor, $0, $1) }) == 0 else {
            throw failure("bind \(address)", closing: descriptor)
        }
        // After `bind`, which has made sure that the address was free.
        if sharing == .firstOfMany {
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, socklen_t(MemoryLayout<Int32>.size))
        }
        guard Glibc.listen(descriptor, backlog) == 0 else { throw failure("listen \(address)", closing: descriptor) }
        return descriptor
    }

    /// Has new connections go to `count` of the sockets that share an address with `listening`, by chance, from the one
    /// on that was `first`th (from 0 on) to listen. Chances of places that no socket has are shared by all sockets.
    package static func choose(first: Int, among count: Int, sharingWith listening: Int32) {
        _ = widget_reuseport_choose(listening, UInt32(first), UInt32(max(1, count)))
    }

    /// Ends what `choose` began: all of them get connections again.
    package static func chooseAmongAll(sharingWith listening: Int32) { _ = widget_reuseport_reset(listening) }

    /// Another descriptor of a listening socket, made ready for a loop.
    package static func duplicate(_ listening: Int32) throws(EventLoopError) -> Int32 {
        let descriptor = fcntl(listening, F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else { throw EventLoopError.system(call: "dup", errno: errno) }
        guard fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) == 0 else {
            throw failure("fcntl", closing: descriptor)
        }
        return descriptor
    }

    /// Begins to connect; the socket becomes writable when that has succeeded or failed (`pendingError`).
    package static func connect(to address: SocketAddress) throws(EventLoopError) -> Int32 {
        let descriptor = try open(address.family)
        setNoDelay(descriptor)
        let result = address.withSockaddr { Glibc.connect(descriptor, $0, $1) }
        guard result == 0 || errno == EINPROGRESS else {
            throw failure("connect \(address)", closing: descriptor)
        }
        return descriptor
    }

    /// The next waiting connection, or nil where there is none (`errno` tells whether that is an error).
    package static func accept(from listener: Int32) -> (socket: Int32, peer: SocketAddress)? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let descriptor = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                widget_accept4(listener, $0, &length, Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue))
            }
        }
        guard descriptor >= 0 else { return nil }
        guard let peer = withUnsafeBytes(of: storage, { $0.baseAddress.flatMap { SocketAddress(reading: $0) } }) else {
            Glibc.close(descriptor)
            return nil
        }
        setNoDelay(descriptor)
        return (descriptor, peer)
    }

    package static func localAddress(of descriptor: Int32) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard result == 0 else { return nil }
        return withUnsafeBytes(of: storage) { $0.baseAddress.flatMap { SocketAddress(reading: $0) } }
    }

    /// The error of a connect that has ended, 0 for success.
    package static func pendingError(_ descriptor: Int32) -> Int32 {
        var error: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length)
        return error
    }

    @inline(__always)
    package static func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .done(count) }
            if count == 0 { return .closed }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            default: return .failed(errno)
            }
        }
    }

    @inline(__always)
    package static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Outcome {
        while true {
            let count = send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            if count >= 0 { return .done(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            default: return .failed(errno)
            }
        }
    }

    /// Bytes that were written and that the other end hasn't acknowledged.
    package static func unacknowledged(_ descriptor: Int32) -> Int {
        var count: Int32 = 0
        return ioctl(descriptor, UInt(TIOCOUTQ), &count) == 0 ? Int(count) : 0
    }

    /// Says that nothing more will be sent; what the peer still sends can be read.
    package static func shutdownWriting(_ descriptor: Int32) { shutdown(descriptor, Int32(SHUT_WR)) }

    /// How many bytes must be there for the socket to count as readable.
    package static func setLowWater(_ descriptor: Int32, _ bytes: Int) {
        var count = Int32(truncatingIfNeeded: bytes)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVLOWAT, &count, socklen_t(MemoryLayout<Int32>.size))
    }

    /// How many bytes the socket takes that the peer's window, or the network, has no room for yet: without a limit it
    /// takes megabytes for a peer that doesn't read.
    package static func limitUnsent(_ descriptor: Int32, to bytes: Int) {
        var count = Int32(truncatingIfNeeded: bytes)
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, &count, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Makes the coming `close` a reset, so that the peer can't take the end of the bytes for the end of a message.
    package static func resetOnClose(_ descriptor: Int32) {
        var abort = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &abort, socklen_t(MemoryLayout<linger>.size))
    }

    private static func open(_ family: Int32) throws(EventLoopError) -> Int32 {
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw EventLoopError.system(call: "socket", errno: errno) }
        guard !SpareDescriptors.contain(descriptor) else {
            Glibc.close(descriptor)
            throw EventLoopError.system(call: "socket", errno: EMFILE)
        }
        return descriptor
    }

    private static func setNoDelay(_ descriptor: Int32) {
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func failure(_ call: String, closing descriptor: Int32) -> EventLoopError {
        let code = errno
        Glibc.close(descriptor)
        return .system(call: call, errno: code)
    }
}
