import DataPlane
import EventLoop
import Foundation
import GatewayConfiguration
import HTTPUpstream
import TLSEngine

/// Turns what is configured of upstreams, and what their names stand for, into what the workers read.
enum UpstreamBuilder {
    /// The names to look up, and how often.
    static func names(_ configuration: GatewayConfiguration) -> [(name: AddressBook.Name, every: Double)] {
        configuration.upstreams.flatMap { upstream in
            upstream.servers.map { (name($0), upstream.dnsIntervalSeconds) }
        }
    }

    /// The upstreams, in the configuration's order. Reads files: never on a worker.
    static func upstreams(
        _ configuration: GatewayConfiguration, _ addresses: AddressBook, workers: Int, labels: MetricLabels
    ) throws -> [UpstreamSnapshot] {
        try configuration.upstreams.map {
            try upstream($0, addresses, configuration.limits, workers: workers, labels: labels)
        }
    }

    /// Looks names up: blocks, for as long as name servers take.
    static func lookUp(_ names: [AddressBook.Name]) -> [(name: AddressBook.Name, addresses: [SocketAddress])] {
        names.map { ($0, SocketAddress.resolve(host: $0.host, port: $0.port)) }
    }

    private static func name(_ server: UpstreamServerConfiguration) -> AddressBook.Name {
        AddressBook.Name(host: server.host, port: server.port)
    }

    private static func upstream(
        _ configuration: UpstreamConfiguration, _ addresses: AddressBook, _ limits: LimitsConfiguration, workers: Int,
        labels: MetricLabels
    ) throws -> UpstreamSnapshot {
        let servers = configuration.servers.flatMap { server in
            addresses.addresses(of: name(server)).map { UpstreamServer($0, host: server.host) }
        }
        var target = UpstreamTarget(
            name: configuration.name, servers: servers, authority: configuration.authority)
        if case .tls(let file) = configuration.security {
            target.tls = try TLSClientContext(
                authorities: file.map { try authorities(in: $0) }, isHTTP2: configuration.isHTTP2)
        }
        target.isHTTP2 = configuration.isHTTP2
        target.connectSeconds = configuration.connectTimeoutSeconds
        target.responseHeaderSeconds = configuration.responseHeaderTimeoutSeconds
        target.idleSeconds = configuration.idleTimeoutSeconds
        target.maxConnections = configuration.maxConnections
        target.maxRequests = share(configuration.maxRequests, workers)
        target.maxRequestsPerAddress = share(configuration.maxRequestsPerAddress, workers)
        target.maxWaiting = (configuration.queueRequests + workers - 1) / workers
        target.waitSeconds = configuration.queueTimeoutSeconds
        target.maxTunnels = configuration.maxWebSockets
        target.tunnelIdleSeconds = configuration.webSocketIdleTimeoutSeconds
        target.leastBytesPerSecond = limits.leastBytesPerSecond
        target.retryPercent = configuration.retryPercent
        target.circuit = circuit(configuration)
        target.healthCheck = configuration.health.map(healthCheck)
        return UpstreamSnapshot(
            target: target, authority: configuration.authority, wantsProfile: configuration.profile,
            wantsAssertion: configuration.assertion, label: labels.upstream(configuration.name))
    }

    private static func authorities(in file: String) throws -> [UInt8] {
        guard let content = FileManager.default.contents(atPath: file) else {
            throw GatewayStartError("\(file) can't be read")
        }
        return Array(content)
    }

    private static func share(_ limit: Int?, _ workers: Int) -> Int { limit.map { max(1, $0 / workers) } ?? .max }

    private static func circuit(_ configuration: UpstreamConfiguration) -> CircuitBreaker.Policy {
        var policy = CircuitBreaker.Policy()
        policy.failures = configuration.circuitFailures
        policy.openMilliseconds = UInt64(configuration.circuitSeconds * 1000)
        policy.longestMilliseconds = max(policy.longestMilliseconds, policy.openMilliseconds)
        let longest = configuration.connectTimeoutSeconds + configuration.responseHeaderTimeoutSeconds
        policy.probeMilliseconds = UInt64(longest * 1000) + 2000
        return policy
    }

    private static func healthCheck(_ configuration: HealthCheckConfiguration) -> HealthCheckPolicy {
        var policy = HealthCheckPolicy(path: configuration.path)
        policy.everySeconds = configuration.intervalSeconds
        policy.timeoutSeconds = configuration.timeoutSeconds
        policy.failures = configuration.failures
        policy.successes = configuration.successes
        return policy
    }
}
