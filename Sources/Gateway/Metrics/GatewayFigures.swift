import DataPlane
import HTTPServer
import HTTPUpstream
import VerificationCache

/// What is known of the gateway at one moment, taken from all workers: what `/metrics` shows.
struct GatewayFigures: Sendable {
    var workers = 0
    /// The sums over all workers.
    var counters = Counters()
    var requests = [UInt64](repeating: 0, count: MetricsLayout.count)
    var server = ServerCounts()
    var cacheCounts = CacheCounts()
    var connections = 0
    var exchanges = 0
    /// How each worker sees each upstream.
    var standings: [UpstreamStanding] = []

    var routes: [String] = []
    var upstreams: [String] = []
    var cache: CacheFilling?
    var admissionsQueued = 0
    var telemetry = TelemetryCounts()
    var storageIsUp = true
    /// Whether storage announces its changes.
    var storageIsListening = false
    /// A newer release has left the storage in a form that this one can't work with.
    var storageIsOutdated = false
    /// That share the storage.
    var gateways = 1
    var reloads = ReloadFigures()
    /// When the certificate of each listener with one runs out: seconds since 1970.
    var certificates: [(listener: String, expiry: Double)] = []
    var logBatchesDropped = 0
    var memory = MemoryStanding()

    init(_ reports: [WorkerReport]) {
        workers = reports.count
        for report in reports {
            counters.add(report.counters)
            server.add(report.server)
            connections += report.connections
            exchanges += report.exchanges
            standings += report.upstreams
            cacheCounts.insertions += report.cache.insertions
            cacheCounts.evictions += report.cache.evictions
            cacheCounts.refusals += report.cache.refusals
            for index in requests.indices { requests[index] &+= report.figures[index] }
        }
    }
}

/// How often the configuration was read again.
struct ReloadFigures: Sendable {
    var succeeded: UInt64 = 0
    var failed: UInt64 = 0
    /// Whether the last one has succeeded.
    var lastSucceeded = true
    /// When the configuration in force was read: seconds since 1970.
    var loadedAt = 0.0
}
