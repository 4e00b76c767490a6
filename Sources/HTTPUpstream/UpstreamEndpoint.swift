import EventLoop
import HTTPMessages

/// One address of an upstream, as one worker knows it.
final class UpstreamEndpoint {
    let server: UpstreamServer
    var circuit = CircuitBreaker()
    var health = HealthRecord()
    var check: HealthCheck?
    /// Requests under way to this address.
    private(set) var load = 0
    /// HTTP/1.1 connections that wait for their next request, the one used last at the end. The pool has them, too.
    var idle: [Uncounted<UpstreamConnection>] = []
    /// HTTP/1.1 connections that are being made and whose request has gone. The pool has them, too.
    var spare: [Uncounted<UpstreamConnection>] = []
    /// HTTP/2 connections that take requests. The pool has them, too.
    var sessions: [UpstreamHTTP2Connection] = []
    /// The upstream has this address no more: nothing new goes there.
    var isRetired = false

    init(_ server: UpstreamServer) { self.server = server }

    func requestBegan() { load += 1 }

    /// Closes the HTTP/1.1 connections that no request is on.
    func closeIdle() {
        for connection in (idle + spare).map(\.object) { connection.close() }
    }

    func requestEnded(at now: UInt64) {
        load -= 1
        // The probe may have been among them; another request under way keeps it waiting for its time to pass.
        if load == 0, !circuit.isSpotless { circuit.probeAbandoned(at: now) }
    }

    /// Whether requests may go there now, as far as it is known to be well.
    func isAvailable(at now: UInt64, _ policy: CircuitBreaker.Policy) -> Bool {
        health.isWell && (circuit.isSpotless || circuit.admits(at: now, policy))
    }
}
