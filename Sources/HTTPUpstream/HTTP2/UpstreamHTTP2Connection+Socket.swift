import EventLoop
import HTTP2Engine
import HTTPMessages
import TLSEngine

/// Bytes between the socket and the session.
extension UpstreamHTTP2Connection {
    func socketReady(readable: Bool, writable: Bool) {
        switch phase {
        case .connecting:
            guard StreamSocket.pendingError(link.handle.socket) == 0 else { return connectFailed(.unreachable) }
            phase = .handshaking
            shakeHands()
        case .handshaking: shakeHands()
        case .open:
            if writable, !unsent.isEmpty { flush() }
            if readable, phase == .open { read() }
        case .closed: break
        }
    }

    private func shakeHands() {
        switch link.handshake() {
        case .done(let isHTTP2):
            guard isHTTP2 || !link.isTLS, session != nil else { return connectFailed(.unreachable) }
            phase = .open
            deadline = after(pool.target.idleSeconds)
            for stream in streams { submit(stream) }
            worker.markDirty(self)
            updateWatch()
        case .wantsRead: link.handle.watch(readable: true, writable: false)
        case .wantsWrite: link.handle.watch(readable: false, writable: true)
        case .failed: connectFailed(.unreachable)
        }
    }

    private func updateWatch() {
        guard phase == .open else { return }
        link.handle.watch(readable: true, writable: !unsent.isEmpty)
    }

    private func read() {
        var reads = 0
        hasParkedInput = false
        while phase == .open {
            guard reads < 4 else {
                hasParkedInput = link.isTLS
                if hasParkedInput { worker.markDirty(self) }
                return
            }
            reads += 1
            let buffer = worker.readBuffer
            switch link.read(into: buffer) {
            case .done(let count):
                let goesOn = session?.receive(Bytes(rebasing: buffer[..<count])) ?? false
                handleEvents()
                guard goesOn else { return breakOff(.malformed) }
                judgeWebSockets()
                if session?.wantsToSend ?? false { worker.markDirty(self) }
                guard phase == .open, link.mayHaveMore(after: count, of: buffer.count) else { return closeIfDone() }
            case .wouldBlock: return
            case .closed, .failed: return breakOff(.unreachable)
            }
        }
    }

    func flush() {
        isDirty = false
        guard phase == .open, let session else { return }
        if hasParkedInput { read() }
        guard phase == .open else { return }
        var mayHaveMore = true
        while mayHaveMore || !unsent.isEmpty {
            if unsent.isEmpty { mayHaveMore = session.collect(into: &unsent, upTo: 64 * 1024) }
            while !unsent.isEmpty {
                switch link.write(unsent.readable) {
                case .done(let count): unsent.consume(count)
                case .wouldBlock:
                    handleEvents()
                    return updateWatch()
                case .closed, .failed: return breakOff(.unreachable)
                }
            }
        }
        unsent.removeAll(keepingAtMost: 4096)
        handleEvents()
        updateWatch()
        closeIfDone()
    }
}
