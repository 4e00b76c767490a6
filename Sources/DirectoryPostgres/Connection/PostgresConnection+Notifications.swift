import CPQ
import Foundation

extension PostgresConnection {
    /// What was notified on the channels that it listens to: payloads, in order. Waits at most `milliseconds` where
    /// there is nothing yet. Throws where the connection has died.
    func notifications(within milliseconds: Int32) throws -> [String] {
        let waiting = takeNotifications()
        guard waiting.isEmpty else { return waiting }
        var descriptor = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
        // A signal may cut the wait short, which is no harm.
        guard poll(&descriptor, 1, milliseconds) > 0 else { return [] }
        guard PQconsumeInput(connection) == 1 else {
            throw PostgresFailure(message: Self.firstLine(PQerrorMessage(connection)))
        }
        return takeNotifications()
    }

    private func takeNotifications() -> [String] {
        var payloads: [String] = []
        while let notification = PQnotifies(connection) {
            payloads.append(notification.pointee.extra.map { String(cString: $0) } ?? "")
            PQfreemem(notification)
        }
        return payloads
    }
}
