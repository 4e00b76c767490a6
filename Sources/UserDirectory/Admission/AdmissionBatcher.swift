import Synchronization

/// Lets concurrent admissions share a commit: what arrives while one commit is under way makes up the next one.
///
/// ```
/// submit ──► waiting batches (at most maxBatch each, maxQueued in all) ──► one task: admit, complete, repeat
/// ```
package final class AdmissionBatcher: Sendable {
    private struct Entry: Sendable {
        let request: AdmissionRequest
        let completion: @Sendable (AdmissionOutcome) -> Void
    }

    private struct State: ~Copyable {
        /// In order; all but the last are full.
        var batches: [[Entry]] = []
        var queued = 0
        /// A task is at work, and will look again before it ends.
        var running = false
        var closed = false
        var awaitingEnd: [CheckedContinuation<Void, Never>] = []
    }

    private let directory: any UserDirectory
    private let maxBatch: Int
    private let maxQueued: Int
    private let state = Mutex(State())

    /// `maxBatch`: requests to a commit. `maxQueued`: requests that may wait; beyond that they are `.unavailable`.
    package init(directory: any UserDirectory, maxBatch: Int = 512, maxQueued: Int = 65536) {
        self.directory = directory
        self.maxBatch = max(1, maxBatch)
        self.maxQueued = max(1, maxQueued)
    }

    /// Queues a request and returns at once. `completion` is called exactly once: from the batcher's task, or before
    /// this returns where the queue is full or shut down.
    package nonisolated func submit(
        _ request: AdmissionRequest, completion: @escaping @Sendable (AdmissionOutcome) -> Void
    ) {
        let entry = Entry(request: request, completion: completion)
        let (accepted, start) = state.withLock { state -> (Bool, Bool) in
            guard !state.closed, state.queued < maxQueued else { return (false, false) }
            if let last = state.batches.indices.last, state.batches[last].count < maxBatch {
                state.batches[last].append(entry)
            } else {
                state.batches.append([entry])
            }
            state.queued += 1
            let start = !state.running
            state.running = true
            return (true, start)
        }
        guard accepted else { return completion(.unavailable) }
        if start { Task.detached(priority: .medium) { await self.work() } }
    }

    /// How many requests wait for a commit that hasn't begun.
    package var queued: Int { state.withLock { $0.queued } }

    /// Takes nothing more, finishes what is queued, and returns when every completion has been called.
    package func shutdown() async {
        await withCheckedContinuation { continuation in
            let ended = state.withLock { state in
                state.closed = true
                if state.running { state.awaitingEnd.append(continuation) }
                return !state.running
            }
            if ended { continuation.resume() }
        }
    }

    private func work() async {
        while let batch = nextBatch() {
            let outcomes = await directory.admit(batch.map(\.request))
            for (index, entry) in batch.enumerated() {
                // A directory that answers too little has not said that the rest is durable.
                entry.completion(index < outcomes.count ? outcomes[index] : .unavailable)
            }
        }
    }

    private func nextBatch() -> [Entry]? {
        let (batch, waiters) = state.withLock { state -> ([Entry]?, [CheckedContinuation<Void, Never>]) in
            if state.batches.isEmpty {
                state.running = false
                let waiters = state.awaitingEnd
                state.awaitingEnd = []
                return (nil, waiters)
            }
            let batch = state.batches.removeFirst()
            state.queued -= batch.count
            return (batch, [])
        }
        for waiter in waiters { waiter.resume() }
        return batch
    }
}
