import Foundation
import Synchronization
package import UserDirectory

/// Hears of changes on a connection of its own, by `LISTEN`.
///
/// Each change is notified in the transaction that makes it (`announce`). After each `LISTEN` readers are told to ask
/// once: what was committed before is there to be read, and what is committed later is notified. So nothing is missed,
/// whenever the connection is lost.
///
/// Behind a pooler that gives each transaction another connection, `LISTEN` succeeds and nothing is ever heard. That is
/// found out by a notification that this gateway sends to itself, over another connection.
final class ChangeListener: Sendable {
    private static let channel = "widget_gateway"
    private static let probe = "probe "

    /// An expression that notifies when its transaction commits.
    static let announce = "pg_notify('\(channel)', '')"

    /// How long a notification to itself may take, in milliseconds.
    private static let probeMilliseconds = 2000
    private static let shortestPause = 0.05
    private static let longestPause = 2.0
    /// Until a pooler is tried again, in seconds.
    private static let pauseBehindPooler = 30.0

    private let address: String
    private let announcingAddress: String

    /// - Parameters:
    ///   - address: where to listen.
    ///   - announcing: where changes are made: notifications must find their way from there.
    init(address: String, announcing: String) {
        self.address = address
        announcingAddress = announcing
    }

    /// See `ChangeAnnouncing`. Takes a thread for as long as somebody reads.
    func announcements() -> AsyncStream<ChangeAnnouncement> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let isOver = Flag()
            continuation.onTermination = { _ in isOver.raise() }
            let thread = Thread { [self] in
                run(until: isOver) { continuation.yield(ChangeAnnouncement(isListening: $0)) }
            }
            thread.name = "postgres-listen"
            thread.start()
        }
    }

    private func run(until isOver: Flag, _ announce: (_ isListening: Bool) -> Void) {
        var pause = Self.shortestPause
        while !isOver.isRaised {
            do {
                let connection = try PostgresConnection(address)
                try connection.execute("LISTEN \(Self.channel)")
                if try hearsItself(connection, announce) {
                    pause = Self.shortestPause
                    announce(true)
                    while !isOver.isRaised {
                        // Waits for at most as long as nobody may notice that the reader has gone.
                        if try connection.notifications(within: 500).contains("") { announce(true) }
                    }
                } else {
                    try connection.execute("UNLISTEN *")
                    pause = Self.pauseBehindPooler
                }
            } catch {
                pause = min(pause * 2, Self.longestPause)
            }
            announce(false)
            isOver.wait(pause)
        }
    }

    /// Whether a notification comes through. Changes that are notified meanwhile are passed on.
    private func hearsItself(_ connection: PostgresConnection, _ announce: (_ isListening: Bool) -> Void) throws -> Bool
    {
        let probe = Self.probe + RandomIdentifier.text()
        try PostgresConnection(announcingAddress).run("SELECT pg_notify('\(Self.channel)', $1)", [probe])
        let end = DispatchTime.now().uptimeNanoseconds + UInt64(Self.probeMilliseconds) * 1_000_000
        while true {
            let now = DispatchTime.now().uptimeNanoseconds
            guard now < end else { return false }
            let payloads = try connection.notifications(within: Int32((end - now) / 1_000_000 + 1))
            if payloads.contains("") { announce(false) }
            if payloads.contains(probe) { return true }
        }
    }
}

/// Something that happens once, and can be waited for.
private final class Flag: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let state = Atomic(false)

    var isRaised: Bool { state.load(ordering: .acquiring) }

    func raise() {
        state.store(true, ordering: .releasing)
        semaphore.signal()
    }

    /// At most `seconds`. By one thread alone.
    func wait(_ seconds: Double) {
        guard !isRaised else { return }
        _ = semaphore.wait(timeout: .now() + seconds)
    }
}

extension PostgresStore: ChangeAnnouncing, GatewayCensus {
    package func announcements() -> AsyncStream<ChangeAnnouncement> { listener.announcements() }

    package func noteAlive(gateway id: String) async throws -> Int {
        try await transaction(.record) { connection in
            try connection.run(
                """
                INSERT INTO gateways (id, seen_at) VALUES ($1, now()) ON CONFLICT (id) DO UPDATE SET seen_at = now()
                """, [id])
            // Who has been gone for long; another gateway may be about to do the same.
            try connection.run(
                """
                DELETE FROM gateways WHERE id IN (
                    SELECT id FROM gateways WHERE seen_at < now() - interval '1 hour' FOR UPDATE SKIP LOCKED
                )
                """)
            let alive = try connection.row(
                "SELECT count(*) FROM gateways WHERE seen_at > now() - make_interval(secs => $1)",
                [GatewayPresence.seconds])
            return max(1, Int(try alive?.integer(0) ?? 1))
        }
    }

    package func noteGone(gateway id: String) async {
        _ = try? await transaction(.record) { try $0.run("DELETE FROM gateways WHERE id = $1", [id]) }
    }
}
