import Dispatch
import Synchronization

/// A few connections, each with a queue of its own, since libpq waits. They are made when they are needed, and made
/// anew when they have died.
final class PostgresPool: Sendable {
    /// One connection, which is used by one caller at a time.
    private final class Slot: @unchecked Sendable {  // Only its holder looks at it, on its queue.
        let queue: DispatchQueue
        var connection: PostgresConnection?
        /// How often all connections had been given up when this one was made.
        var round = 0

        init(number: Int) { queue = DispatchQueue(label: "postgres-\(number)") }
    }

    private struct State {
        var idle: [Slot]
        var waiting: [CheckedContinuation<Slot?, Never>] = []
        /// After a failed attempt, in nanoseconds of the monotonic clock: nobody tries before.
        var noAttemptBefore: UInt64 = 0
        var pause: UInt64 = 0
        /// How often all connections have been given up.
        var round = 0
    }

    /// Callers that may wait for a connection; more are refused at once.
    private static let waitingAllowed = 1000
    private static let shortestPause: UInt64 = 50_000_000
    private static let longestPause: UInt64 = 2_000_000_000
    /// Whoever has waited for longer isn't made to wait for as long again; in seconds.
    private static let longestBeforeSecondTry = 3.0

    private let address: String
    private let state: Mutex<State>

    init(address: String, connections: Int) {
        self.address = address
        state = Mutex(State(idle: (0..<connections).map(Slot.init)))
    }

    /// Runs `body` with a connection, off the caller's thread.
    func perform<Value: Sendable>(
        _ body: @escaping @Sendable (PostgresConnection) throws -> Value
    ) async throws -> Value {
        guard let slot = await take() else { throw PostgresFailure(message: "too many wait for a connection") }
        defer { give(back: slot) }
        return try await withCheckedThrowingContinuation { continuation in
            slot.queue.async { [self] in
                let result = Result { try perform(body, slot) }
                if slot.connection?.isAlive == false { slot.connection = nil }
                if case .failure(let failure as PostgresFailure) = result, failure.isOfReadOnlyServer {
                    // Another may have taken over: nobody goes on reading from this one.
                    state.withLock { $0.round += 1 }
                }
                continuation.resume(with: result)
            }
        }
    }

    /// Once more, on a new connection, where the first was lost and has left nothing behind: the server may have been
    /// restarted, and whoever asks next needn't be the one who is told so.
    private func perform<Value>(_ body: (PostgresConnection) throws -> Value, _ slot: Slot) throws -> Value {
        let lastMoment = DispatchTime.now() + Self.longestBeforeSecondTry
        do {
            return try body(try connection(slot))
        } catch let failure as PostgresFailure where failure.hasLeftNothing && .now() < lastMoment {
            slot.connection = nil
            return try body(try connection(slot))
        }
    }

    private func connection(_ slot: Slot) throws -> PostgresConnection {
        let round = state.withLock { $0.round }
        if let connection = slot.connection, connection.isAlive, slot.round == round, !connection.hasServerHungUp() {
            return connection
        }
        slot.connection = nil
        let now = DispatchTime.now().uptimeNanoseconds
        guard state.withLock({ now >= $0.noAttemptBefore }) else {
            throw PostgresFailure(message: "the server was out of reach a moment ago")
        }
        do {
            let connection = try PostgresConnection(address)
            state.withLock { state in
                state.pause = 0
                // An attempt that began before this one may have failed after it began.
                state.noAttemptBefore = 0
            }
            slot.connection = connection
            slot.round = round
            return connection
        } catch {
            state.withLock { state in
                state.pause = min(max(state.pause * 2, Self.shortestPause), Self.longestPause)
                state.noAttemptBefore = DispatchTime.now().uptimeNanoseconds + state.pause
            }
            throw error
        }
    }

    /// Nil where too many wait already.
    private func take() async -> Slot? {
        await withCheckedContinuation { continuation in
            let answer: Slot?? = state.withLock { state in
                if let slot = state.idle.popLast() { return .some(slot) }
                guard state.waiting.count < Self.waitingAllowed else { return .some(nil) }
                state.waiting.append(continuation)
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    private func give(back slot: Slot) {
        let next = state.withLock { state -> CheckedContinuation<Slot?, Never>? in
            guard !state.waiting.isEmpty else {
                state.idle.append(slot)
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume(returning: slot)
    }
}
