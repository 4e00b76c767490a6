import IdentityCore
import Synchronization
import Testing
import UserDirectory

@Suite struct AdmissionBatcherTests {
    @Test func `what arrives during a commit makes up the next ones`() async {
        let directory = HeldDirectory()
        let batcher = AdmissionBatcher(directory: directory, maxBatch: 100)
        let done = Completions()
        batcher.submit(.numbered(0), completion: done.note)
        await directory.begun(1)
        for number in 1...250 { batcher.submit(.numbered(number), completion: done.note) }
        #expect(batcher.queued == 250)
        directory.release()
        await batcher.shutdown()
        #expect(directory.batches == [[0], Array(1...100), Array(101...200), Array(201...250)])
        #expect(done.count == 251)
    }

    @Test func `a full queue answers at once`() async {
        let directory = HeldDirectory()
        let batcher = AdmissionBatcher(directory: directory, maxBatch: 2, maxQueued: 3)
        let done = Completions()
        batcher.submit(.numbered(0), completion: done.note)
        await directory.begun(1)
        for number in 1...3 { batcher.submit(.numbered(number), completion: done.note) }
        #expect(done.count == 0)
        batcher.submit(.numbered(4), completion: done.note)
        #expect(done.outcomes == [.unavailable])
        directory.release()
        await batcher.shutdown()
        #expect(directory.batches == [[0], [1, 2], [3]])
        #expect(done.count == 5)
    }

    @Test func `after a shutdown nothing is taken`() async {
        let directory = HeldDirectory()
        directory.release()
        let batcher = AdmissionBatcher(directory: directory)
        await batcher.shutdown()
        await batcher.shutdown()
        let done = Completions()
        batcher.submit(.numbered(0), completion: done.note)
        #expect(done.outcomes == [.unavailable] && directory.batches.isEmpty)
    }

    @Test func `each completion gets the outcome of its own request`() async {
        let directory = HeldDirectory()
        directory.release()
        let batcher = AdmissionBatcher(directory: directory, maxBatch: 7)
        let wrong = await withTaskGroup { group in
            for number in 0..<1000 {
                group.addTask {
                    let outcome = await withCheckedContinuation { continuation in
                        batcher.submit(.numbered(number)) { continuation.resume(returning: $0) }
                    }
                    return outcome.user?.profile.externalID == "\(number)" ? 0 : 1
                }
            }
            return await group.reduce(0, +)
        }
        #expect(wrong == 0)
        #expect(directory.batches.map(\.count).max() ?? 0 <= 7)
        await batcher.shutdown()
    }
}

extension AdmissionRequest {
    fileprivate static func numbered(_ number: Int) -> AdmissionRequest {
        .verified(UserDirectoryTests.profile(id: "\(number)"))
    }
}

private final class Completions: Sendable {
    private let state = Mutex<[AdmissionOutcome]>([])

    var outcomes: [AdmissionOutcome] { state.withLock { $0 } }
    var count: Int { outcomes.count }
    var note: @Sendable (AdmissionOutcome) -> Void { { outcome in self.state.withLock { $0.append(outcome) } } }
}

/// Admits everybody, once it is let.
private final class HeldDirectory: UserDirectory {
    private struct State {
        var batches: [[Int]] = []
        var released = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var watching: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var batches: [[Int]] { state.withLock { $0.batches } }

    func admit(_ batch: [AdmissionRequest]) async -> [AdmissionOutcome] {
        let watchers = state.withLock { state in
            state.batches.append(batch.compactMap { $0.profile.externalID.flatMap { Int($0) } })
            let reached = state.watching.filter { $0.count <= state.batches.count }
            state.watching.removeAll { $0.count <= state.batches.count }
            return reached
        }
        for watcher in watchers { watcher.continuation.resume() }
        await withCheckedContinuation { continuation in
            let released = state.withLock { state in
                if !state.released { state.waiting.append(continuation) }
                return state.released
            }
            if released { continuation.resume() }
        }
        return batch.map {
            .admitted(DirectoryUser(id: "usr_", profile: $0.profile, createdAt: 0), created: false)
        }
    }

    /// Returns when so many batches have been begun.
    func begun(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let reached = state.withLock { state in
                if state.batches.count < count { state.watching.append((count, continuation)) }
                return state.batches.count >= count
            }
            if reached { continuation.resume() }
        }
    }

    func release() {
        let waiting = state.withLock { state in
            state.released = true
            let waiting = state.waiting
            state.waiting = []
            return waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
