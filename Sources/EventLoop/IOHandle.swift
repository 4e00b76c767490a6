import CLibUV
import Glibc

/// Whoever reads and writes a socket.
package protocol SocketOwner: AnyObject {
    /// The socket can be read, written, or both; an error counts as both, the next call on the socket tells which.
    func socketReady(readable: Bool, writable: Bool)
}

/// A socket whose readiness the loop watches.
@usableFromInline
package final class IOHandle {
    /// The socket, or -1 once closed.
    package private(set) var socket: Int32
    package unowned(unsafe) var owner: (any SocketOwner)?
    private let poll: UnsafeMutablePointer<uv_poll_t>
    @usableFromInline var watchesReadable = false
    @usableFromInline var watchesWritable = false

    /// Takes over `socket`, which must be non-blocking: it is closed by `close`.
    package init(socket: Int32, loop: EventLoop) throws(EventLoopError) {
        self.socket = socket
        poll = .allocate(capacity: 1)
        let status = uv_poll_init_socket(loop.loop, poll, socket)
        guard status == 0 else {
            poll.deallocate()
            Glibc.close(socket)
            self.socket = -1
            throw EventLoopError.system(call: "uv_poll_init", errno: -status)
        }
        poll.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    }

    package var isClosed: Bool { socket < 0 }

    /// Sets what to wait for. Costs nothing where that doesn't change.
    @inlinable @inline(__always)
    package func watch(readable: Bool, writable: Bool) {
        if readable != watchesReadable || writable != watchesWritable { rewatch(readable, writable) }
    }

    @usableFromInline
    func rewatch(_ readable: Bool, _ writable: Bool) {
        guard !isClosed else { return }
        watchesReadable = readable
        watchesWritable = writable
        let events = (readable ? Int32(UV_READABLE.rawValue) : 0) | (writable ? Int32(UV_WRITABLE.rawValue) : 0)
        guard events != 0 else {
            uv_poll_stop(poll)
            return
        }
        uv_poll_start(poll, events) { poll, status, events in
            let handle = Unmanaged<IOHandle>.fromOpaque(poll.unsafelyUnwrapped.pointee.data.unsafelyUnwrapped)
            // After an error libuv has stopped to watch, though there may be more to read before it.
            if status < 0 { handle._withUnsafeGuaranteedRef { $0.rewatch($0.watchesReadable, $0.watchesWritable) } }
            // The owner may let go of the handle, and of itself, during the call: it is counted meanwhile.
            guard let owner = handle._withUnsafeGuaranteedRef({ $0.owner }) else { return }
            owner.socketReady(
                readable: status < 0 || events & Int32(UV_READABLE.rawValue) != 0,
                writable: status < 0 || events & Int32(UV_WRITABLE.rawValue) != 0)
        }
    }

    /// Closes the socket. The object may be let go at once: libuv's part of it is freed when libuv is done.
    package func close() {
        guard !isClosed else { return }
        owner = nil
        uv_poll_stop(poll)
        Glibc.close(socket)
        socket = -1
        uv_close(UnsafeMutableRawPointer(poll).assumingMemoryBound(to: uv_handle_t.self)) { handle in
            UnsafeMutableRawPointer(handle.unsafelyUnwrapped).deallocate()
        }
    }

    deinit { close() }
}
