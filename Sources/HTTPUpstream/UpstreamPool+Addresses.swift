import HTTPMessages

/// Addresses that come and go, and what is known of each.
extension UpstreamPool {
    /// The target has changed: requests under way finish, idle connections close.
    func retire() {
        isRetired = true
        for endpoint in endpoints { wind(down: endpoint) }
    }

    /// Other addresses: connections to those that stay are kept, and what is known of them.
    func use(_ servers: [UpstreamServer]) {
        target.servers = servers
        for endpoint in endpoints where !servers.contains(endpoint.server) {
            endpoint.isRetired = true
            wind(down: endpoint)
        }
        endpoints = servers.map { server in
            endpoints.first { $0.server == server } ?? UpstreamEndpoint(server)
        }
        startChecks()
        serveWaiting()
    }

    private func wind(down endpoint: UpstreamEndpoint) {
        endpoint.check?.cancel()
        endpoint.check = nil
        endpoint.closeIdle()
        for session in endpoint.sessions { session.retire() }
    }

    func startChecks() {
        guard let policy = target.healthCheck else { return }
        for (position, endpoint) in endpoints.enumerated() where endpoint.check == nil {
            // Not all at once.
            let offset = policy.everySeconds * Double(position) / Double(endpoints.count)
            endpoint.check = HealthCheck(of: endpoint, policy, pool: self, firstAfter: offset)
        }
    }

    func checked(_ endpoint: UpstreamEndpoint, isWell: Bool, _ policy: HealthCheckPolicy) {
        counts.healthChecks += 1
        if !isWell { counts.healthCheckFailures += 1 }
        guard endpoint.health.checked(isWell: isWell, policy) else { return }
        // What was held against it is out of date.
        if endpoint.health.isWell { endpoint.circuit.succeeded() }
        serveWaiting()
    }
}
