import CLibUV
import Synchronization

/// The one crossing from other threads into a worker: work is left here and done on the worker's next turn.
package final class Mailbox: Sendable {
    private let jobs = Mutex<[@Sendable () -> Void]>([])
    private nonisolated(unsafe) let wakeUp: UnsafeMutablePointer<uv_async_t>

    init(_ wakeUp: UnsafeMutablePointer<uv_async_t>) { self.wakeUp = wakeUp }

    /// Leaves `job` to be done on the worker. May be called on any thread.
    package func post(_ job: @escaping @Sendable () -> Void) {
        jobs.withLock { $0.append(job) }
        uv_async_send(wakeUp)
    }

    func drain() {
        let due = jobs.withLock { jobs in
            let due = jobs
            jobs.removeAll(keepingCapacity: true)
            return due
        }
        for job in due { job() }
    }
}

/// Something that belongs to one worker, on its way through another thread.
///
/// Only the worker that made it may open it again: that is what makes the unchecked conformance true.
package struct WorkerBound<Value>: @unchecked Sendable {
    package let value: Value

    package init(_ value: Value) { self.value = value }
}
