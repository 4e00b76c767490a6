import EventLoop
import HTTP2Client
import HTTPMessages

/// One request that waits for its answer.
struct PendingRequest {
    var kind: RequestKind = .anonymous
    var user = 0
    /// From when its latency counts, in monotonic nanoseconds: open loop, when it was due; closed loop, when it was
    /// handed to the connection.
    var since: UInt64 = 0
}

/// Who hears what becomes of a connection's requests.
protocol LoadConnectionOwner: AnyObject {
    /// The connection is ready for requests.
    func connected(_ connection: LoadConnection)
    func answered(_ request: PendingRequest, status: Int, body: [UInt8])
    func failed(_ request: PendingRequest, reason: LoadFailure)
    /// All answers of a batch have been told: time to send more.
    func turned(_ connection: LoadConnection)
    /// The connection is gone; its requests were told to have failed.
    func disconnected(_ connection: LoadConnection, beforeReady: Bool)
}

/// Why a request has no answer.
enum LoadFailure: String {
    case streamReset = "stream_reset"
    case connectionLost = "connection_lost"
    case unanswered
}

/// One HTTP/2 connection to the target: socket, TLS and session.
final class LoadConnection: SocketOwner {
    private enum State { case connecting, handshaking, open, closed }

    /// When the connection was begun, in monotonic nanoseconds.
    let startedAt = EventLoop.monotonicNanoseconds()
    private(set) var inFlight = 0
    private(set) var sent = 0

    private var state = State.connecting
    private let handle: IOHandle
    private let tls: TLSClient?
    private let session: HTTP2ClientSession
    private unowned(unsafe) let owner: any LoadConnectionOwner
    private var pending: [PendingRequest?] = []
    private var out = ByteQueue()

    init(
        to address: SocketAddress, tls context: TLSClientContext?, name: String?, fields: RequestFields,
        loop: EventLoop, owner: any LoadConnectionOwner
    ) throws(LoadError) {
        do {
            handle = try IOHandle(socket: try StreamSocket.connect(to: address), loop: loop)
        } catch {
            throw LoadError("\(error)")
        }
        guard let session = HTTP2ClientSession(fields) else { throw LoadError("out of memory") }
        self.session = session
        let socket = handle.socket
        tls = context.flatMap { TLSClient($0, socket: socket, name: name) }
        self.owner = owner
        handle.owner = self
        handle.watch(readable: false, writable: true)
    }

    /// Whether it takes another request now.
    var isOpen: Bool { state == .open && !session.isGoingAway }

    /// The server has said goodbye: no more requests, and none under way.
    var isSpent: Bool { state == .open && session.isGoingAway && inFlight == 0 }

    /// Hands a request over; `flush` sends it. False: the connection takes no more.
    func send(_ request: PendingRequest, authorization: Bytes?) -> Bool {
        guard isOpen, let place = session.submit(authorization: authorization) else { return false }
        while pending.count <= place { pending.append(nil) }
        pending[place] = request
        inFlight += 1
        sent += 1
        return true
    }

    /// Writes what has gathered.
    func flush() {
        guard state == .open else { return }
        var isBlocked = false
        while !isBlocked {
            session.collect(into: &out)
            if out.isEmpty { break }
            isBlocked = write()
            if state == .closed { return }
        }
        handle.watch(readable: true, writable: isBlocked)
    }

    /// Ends the connection; requests under way fail.
    func close(reason: LoadFailure = .connectionLost) {
        guard state != .closed else { return }
        let beforeReady = state != .open
        tls?.close()
        state = .closed
        handle.close()
        for index in pending.indices {
            guard let request = pending[index] else { continue }
            pending[index] = nil
            owner.failed(request, reason: reason)
        }
        inFlight = 0
        owner.disconnected(self, beforeReady: beforeReady)
    }

    func socketReady(readable: Bool, writable: Bool) {
        switch state {
        case .connecting:
            guard StreamSocket.pendingError(handle.socket) == 0 else { return close() }
            state = .handshaking
            shakeHands()
        case .handshaking: shakeHands()
        case .open:
            if readable { read() }
            flush()
        case .closed: break
        }
    }

    private func shakeHands() {
        switch tls?.handshake() ?? .done(0) {
        case .done:
            state = .open
            owner.connected(self)
            flush()
        case .wantsRead: handle.watch(readable: true, writable: false)
        case .wantsWrite: handle.watch(readable: false, writable: true)
        case .closed: close()
        }
    }

    /// True: the socket takes no more for now.
    private func write() -> Bool {
        if let tls {
            switch tls.write(out.readable) {
            case .done(let count): out.consume(count)
            case .wantsWrite, .wantsRead: return true
            case .closed: close()
            }
        } else {
            switch StreamSocket.write(handle.socket, out.readable) {
            case .done(let count): out.consume(count)
            case .wouldBlock: return true
            case .closed, .failed: close()
            }
        }
        return false
    }

    private func read() {
        withUnsafeTemporaryAllocation(byteCount: 32 * 1024, alignment: 16) { buffer in
            while state == .open {
                let count = receive(into: buffer)
                guard count > 0 else { break }
                guard session.receive(Bytes(start: buffer.baseAddress, count: count)) else { return close() }
                tellEvents()
            }
        }
        if state == .open { owner.turned(self) }
    }

    private func receive(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        if let tls {
            switch tls.read(into: buffer) {
            case .done(let count): return count
            case .wantsRead, .wantsWrite: return 0
            case .closed: close()
            }
        } else {
            switch StreamSocket.read(handle.socket, into: buffer) {
            case .done(let count): return count
            case .wouldBlock: return 0
            case .closed, .failed: close()
            }
        }
        return 0
    }

    private func tellEvents() {
        for event in session.events {
            switch event {
            case .answered(let place):
                guard let request = take(place) else { continue }
                owner.answered(request, status: session.status(place), body: session.body(place))
                session.release(place)
            case .failed(let place, _):
                guard let request = take(place) else { continue }
                owner.failed(request, reason: .streamReset)
                session.release(place)
            }
        }
        session.events.removeAll(keepingCapacity: true)
    }

    private func take(_ place: Int) -> PendingRequest? {
        let request = pending[place]
        pending[place] = nil
        if request != nil { inFlight -= 1 }
        return request
    }
}

/// What keeps a load test from running, in words.
struct LoadError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
