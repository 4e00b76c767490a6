import HTTPUpstream

/// How the upstreams stand, all workers together.
extension GatewayFigures {
    func writeStandings(to text: inout MetricsText) {
        let upstreams = Dictionary(grouping: standings, by: \.name).sorted { $0.key < $1.key }
        func gauge(_ name: String, _ help: String, _ value: ([UpstreamStanding]) -> Int) {
            text.family(name, .gauge, help)
            for (upstream, standings) in upstreams {
                text.sample(name, ["upstream": upstream], UInt64(max(0, value(standings))))
            }
        }
        func counter(_ name: String, _ help: String, _ value: (UpstreamCounts) -> UInt64) {
            text.family(name, .counter, help)
            for (upstream, standings) in upstreams {
                text.sample(name, ["upstream": upstream], standings.reduce(0) { $0 &+ value($1.counts) })
            }
        }
        gauge("widget_upstream_connections", "Open connections to an upstream.") {
            $0.reduce(0) { $0 + $1.openConnections }
        }
        gauge("widget_upstream_websockets", "Of these: WebSockets, open or about to be.") {
            $0.reduce(0) { $0 + $1.openTunnels }
        }
        gauge("widget_upstream_requests_in_flight", "Requests under way to an upstream.") {
            $0.reduce(0) { $0 + $1.requestsUnderWay }
        }
        gauge("widget_upstream_requests_waiting", "Requests that wait for an upstream's limits.") {
            $0.reduce(0) { $0 + $1.requestsWaiting }
        }
        gauge("widget_upstream_addresses", "Addresses of an upstream.") { $0.map(\.addresses).max() ?? 0 }
        gauge("widget_upstream_addresses_shut_out", "Addresses without requests, as the worst worker sees it.") {
            $0.map(\.addressesShutOut).max() ?? 0
        }
        counter("widget_upstream_connections_total", "Connections begun to an upstream.", \.connections)
        counter("widget_upstream_connect_failures_total", "Those that couldn't be made.", \.connectFailures)
        counter("widget_upstream_retries_total", "Requests sent a second time.", \.retries)
        counter("widget_upstream_retries_denied_total", "Requests that the budget denied that.", \.retriesDenied)
        counter("widget_upstream_circuits_opened_total", "Times that an address was shut out.", \.circuitsOpened)
        counter("widget_upstream_circuit_refusals_total", "Requests refused with no address left.", \.circuitRefusals)
        counter("widget_upstream_queued_total", "Requests that had to wait for an upstream's limits.", \.queued)
        counter("widget_upstream_queue_refusals_total", "Requests refused by those limits.", \.queueRefusals)
        counter("widget_upstream_taken_back_total", "Responses that nobody read, broken off for others.", \.takenBack)
        counter("widget_upstream_health_checks_total", "Health checks of an upstream's addresses.", \.healthChecks)
        counter("widget_upstream_health_check_failures_total", "Those that failed.", \.healthCheckFailures)
    }
}
