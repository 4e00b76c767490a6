/// What one worker's way to an upstream has seen since it began.
package struct UpstreamCounts: Sendable, Equatable {
    /// Connections that were opened, or that failed to.
    package var connections: UInt64 = 0
    package var connectFailures: UInt64 = 0
    /// WebSockets that were opened.
    package var tunnels: UInt64 = 0
    /// Requests sent once more, and those that weren't since the budget was used up.
    package var retries: UInt64 = 0
    package var retriesDenied: UInt64 = 0
    /// Times that an address was shut out after failures.
    package var circuitsOpened: UInt64 = 0
    /// Requests refused since no address was to be tried.
    package var circuitRefusals: UInt64 = 0
    /// Requests that waited for their turn, and those that didn't get it.
    package var queued: UInt64 = 0
    package var queueRefusals: UInt64 = 0
    /// Responses broken off because their clients didn't read and others waited for a connection.
    package var takenBack: UInt64 = 0
    package var timeouts: UInt64 = 0
    /// Responses that weren't HTTP, or broke off.
    package var malformed: UInt64 = 0
    package var healthChecks: UInt64 = 0
    package var healthCheckFailures: UInt64 = 0

    package init() {}

    package mutating func add(_ other: UpstreamCounts) {
        connections += other.connections
        connectFailures += other.connectFailures
        tunnels += other.tunnels
        retries += other.retries
        retriesDenied += other.retriesDenied
        circuitsOpened += other.circuitsOpened
        circuitRefusals += other.circuitRefusals
        queued += other.queued
        queueRefusals += other.queueRefusals
        takenBack += other.takenBack
        timeouts += other.timeouts
        malformed += other.malformed
        healthChecks += other.healthChecks
        healthCheckFailures += other.healthCheckFailures
    }
}

/// How an upstream stands on one worker.
package struct UpstreamStanding: Sendable {
    package var name: String
    package var counts: UpstreamCounts
    package var openConnections: Int
    /// Of these: WebSockets, and requests for one.
    package var openTunnels: Int
    package var requestsUnderWay: Int
    package var requestsWaiting: Int
    package var addresses: Int
    /// Those that no request goes to but a probe, by failures or by health checks.
    package var addressesShutOut: Int
    /// Why the last connection that couldn't be made couldn't: an address and some words, for the log.
    package var trouble: String?
}
