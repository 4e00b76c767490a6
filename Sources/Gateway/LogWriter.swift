import Dispatch
import Foundation
import Synchronization

/// Writes log bytes to standard error off the threads that make them. What can't be written in time is dropped and
/// counted: a slow terminal or a full pipe never holds up requests.
package final class LogWriter: Sendable {
    package static let standardError = LogWriter()

    private let queue = DispatchQueue(label: "log")
    private let waiting = Atomic<Int>(0)
    private let dropped = Atomic<Int>(0)
    private let allDropped = Atomic<Int>(0)

    /// Batches that were dropped so far.
    package var droppedBatches: Int { allDropped.load(ordering: .relaxed) }

    /// Bytes that may wait at most.
    private static let capacity = 16 * 1024 * 1024

    package func write(_ bytes: [UInt8]) {
        guard waiting.load(ordering: .relaxed) + bytes.count <= Self.capacity else {
            dropped.add(1, ordering: .relaxed)
            allDropped.add(1, ordering: .relaxed)
            return
        }
        waiting.add(bytes.count, ordering: .relaxed)
        queue.async {
            Self.writeAll(bytes)
            self.waiting.subtract(bytes.count, ordering: .relaxed)
            let lost = self.dropped.exchange(0, ordering: .relaxed)
            if lost > 0 { Self.writeAll(GatewayLogHandler.lineAboutDropped(batches: lost)) }
        }
    }

    /// Waits until everything has been written.
    package func flush() { queue.sync {} }

    private static func writeAll(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { buffer in
            var position = 0
            while position < buffer.count {
                let written = Foundation.write(
                    STDERR_FILENO, buffer.baseAddress.unsafelyUnwrapped + position, buffer.count - position)
                if written < 0 && errno == EINTR { continue }
                guard written > 0 else { return }
                position += written
            }
        }
    }
}
