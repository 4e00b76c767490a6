/// Storage that says when something has changed, so that it needn't be asked all the time.
package protocol ChangeAnnouncing: Sendable {
    /// An element each time that there may be something new in `OrganizationStore.generation` or
    /// `SessionStore.leaves`, and each time that something new may have gone unheard: ask then. Several that nobody
    /// has taken become one. Ends with its reader.
    func announcements() -> AsyncStream<ChangeAnnouncement>
}

package struct ChangeAnnouncement: Sendable, Equatable {
    /// Whether later changes will be announced; else ask often.
    package let isListening: Bool

    package init(isListening: Bool) { self.isListening = isListening }
}

/// Storage that a newer release may change while this one runs.
package protocol SchemaKeeping: Sendable {
    /// Looks whether this release can work with the storage as it is; where it can't, it isn't admitted or written to
    /// any more until a later look finds that it can. Returns what is the matter; nil: nothing. Ask it whenever changes
    /// are asked for.
    func incompatibility() async throws -> String?
}

/// Storage that several gateways may share.
package protocol GatewayCensus: Sendable {
    /// Notes that the gateway `id` is alive. Returns how many were in the last `GatewayPresence.seconds`, at least 1.
    func noteAlive(gateway id: String) async throws -> Int

    /// The gateway ends.
    func noteGone(gateway id: String) async
}

package enum GatewayPresence {
    /// How long a gateway counts that hasn't been heard of.
    package static let seconds = 15.0
}
