import EventLoop
import Foundation
import Glibc
import Synchronization

/// An upstream on loopback that does what it is told, connection by connection.
final class ScriptedUpstream: Sendable {
    enum Step: Sendable {
        /// Waits until the bytes received on this connection hold this text.
        case awaitText(String, times: Int = 1)
        case send(String)
        /// Waits until the test says so.
        case hold(DispatchSemaphore)
        case reset
    }

    let address: SocketAddress
    private let listener: Int32
    private let seen = Mutex<[String]>([])

    /// What each connection has received so far.
    var received: [String] { seen.withLock { $0 } }

    /// Each connection is closed at its script's end; there are no more connections than scripts.
    init(_ scripts: [[Step]]) throws {
        guard let any = SocketAddress(host: "127.0.0.1", port: 0) else { throw EventLoopError.loopUnavailable }
        let listener = try StreamSocket.listen(on: any, as: .alone)
        self.listener = listener
        address = StreamSocket.localAddress(of: listener) ?? any
        _ = fcntl(listener, F_SETFL, 0)
        WorkerThread.start(named: "upstream") { [self] in
            for (index, script) in scripts.enumerated() {
                let socket = accept(listener, nil, nil)
                guard socket >= 0 else { return }
                seen.withLock { $0.append("") }
                play(script, on: socket, index)
                close(socket)
            }
            close(listener)
        }
    }

    private func play(_ script: [Step], on socket: Int32, _ index: Int) {
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        for step in script {
            switch step {
            case .awaitText(let text, let times):
                while received[index].components(separatedBy: text).count <= times {
                    var buffer = [UInt8](repeating: 0, count: 65536)
                    let count = recv(socket, &buffer, buffer.count, 0)
                    guard count > 0 else { return }
                    seen.withLock { $0[index] += String(decoding: buffer[..<count], as: UTF8.self) }
                }
            case .send(let text): _ = send(socket, text, text.utf8.count, Int32(MSG_NOSIGNAL))
            case .hold(let gate): _ = gate.wait(timeout: .now() + 5)
            case .reset: StreamSocket.resetOnClose(socket)
            }
        }
    }
}
