import Synchronization

/// A request's body on its way from a connection's thread to whoever reads it.
///
/// Parts are handed over one by one, and the client may send more only when they have been taken: nothing is held that
/// nobody has asked for, beyond the connection's window.
package final class RequestBody: Sendable {
    private struct State {
        var parts: [[UInt8]] = []
        var isEnded = false
        var failure: AdminProblem?
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let taken: @Sendable (Int) -> Void

    /// - Parameter taken: told how many bytes have been taken, on any thread.
    package init(taken: @escaping @Sendable (Int) -> Void = { _ in }) { self.taken = taken }

    /// A body that is there already.
    package convenience init(_ bytes: [UInt8]) {
        self.init()
        if !bytes.isEmpty { add(bytes) }
        end()
    }

    package func add(_ part: [UInt8]) { update { $0.parts.append(part) } }

    package func end() { update { $0.isEnded = true } }

    /// The rest won't come.
    package func fail(_ problem: AdminProblem) {
        update {
            $0.failure = problem
            $0.isEnded = true
        }
    }

    /// The next part; nil at the end. For one reader at a time.
    package func next() async throws -> [UInt8]? {
        while true {
            let (part, isEnded, failure) = state.withLock { state in
                (state.parts.isEmpty ? nil : state.parts.removeFirst(), state.isEnded, state.failure)
            }
            if let failure { throw failure }
            if let part {
                taken(part.count)
                return part
            }
            if isEnded { return nil }
            await withCheckedContinuation { continuation in
                let isThere = state.withLock { state in
                    if state.isEnded || !state.parts.isEmpty { return true }
                    state.waiting = continuation
                    return false
                }
                if isThere { continuation.resume() }
            }
        }
    }

    /// All of it, where that is at most `limit` bytes.
    package func whole(upTo limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let part = try await next() {
            bytes += part
            guard bytes.count <= limit else { throw AdminProblem.bodyTooLarge(limit) }
        }
        return bytes
    }

    private func update(_ change: (inout State) -> Void) {
        let waiting = state.withLock { state in
            change(&state)
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }
}
