import HTTPMessages
import Synchronization

/// How many connections each client has open, on all workers together, and how many one may have.
///
/// A client is what `ClientNetwork` takes for one. The lock is held for a look into a table, when a connection begins
/// and when it ends.
package final class ClientConnections: Sendable {
    private struct State {
        /// 0: any number.
        var limit = 0
        var isExempt: (@Sendable ([UInt8]) -> Bool)?
        var open: [ClientNetwork: Int] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// - Parameters:
    ///   - limit: of connections that are yet to come; 0: any number.
    ///   - isExempt: whether an address, 4 or 16 bytes, may have more: one that many clients stand behind.
    package func use(limit: Int, isExempt: (@Sendable ([UInt8]) -> Bool)?) {
        state.withLock {
            $0.limit = limit
            $0.isExempt = isExempt
        }
    }

    /// Counts a connection. False: its client has as many as it may, and it isn't counted.
    package func opened(by address: [UInt8]) -> Bool {
        let client = ClientNetwork(address)
        return state.withLock { state in
            let count = state.open[client] ?? 0
            let isPast = state.limit > 0 && count >= state.limit
            if isPast, !(state.isExempt?(address) ?? false) { return false }
            state.open[client] = count + 1
            return true
        }
    }

    /// A connection that was counted is over.
    package func closed(by address: [UInt8]) {
        let client = ClientNetwork(address)
        state.withLock { state in
            guard let count = state.open[client] else { return }
            state.open[client] = count > 1 ? count - 1 : nil
        }
    }
}
