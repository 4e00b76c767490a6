import DataPlane
import EventLoop
import GatewayConfiguration
import HTTP2Engine
import HTTPServer
import MessageAuthentication
import UserDirectory

/// Turns what is configured and what is stored into what the workers read.
enum SnapshotBuilder {
    static func snapshot(
        _ configuration: GatewayConfiguration, _ organizations: OrganizationRegister, _ upstreams: [UpstreamSnapshot],
        labels: MetricLabels, signingKey: ES256SigningKey, rateTable: RateTable, workers: Int,
        gateways: Int
    ) -> DataPlaneSnapshot {
        let positions = Dictionary(
            uniqueKeysWithValues: configuration.upstreams.enumerated().map { ($0.element.name, $0.offset) })
        let routes = configuration.routes.compactMap { route in
            positions[route.upstream].map {
                Route(
                    path: route.path, access: .init(rawValue: route.access.rawValue) ?? .widget, upstream: $0,
                    label: labels.route(route.path), allowsWebSocket: route.webSocket)
            }
        }
        var options = DataPlaneOptions()
        options.logsAccess = configuration.log.writesAccess
        options.logsJSON = configuration.log.format == .json
        options.requestsInFlight = max(1, configuration.overload.requestsInFlight / workers)
        if let lag = configuration.overload.lagSeconds { options.lagMilliseconds = UInt64(lag * 1000) }
        options.isTrustedProxy = isTrustedProxy(configuration)
        return DataPlaneSnapshot(
            cache: organizations.cache, organizations: organizations.snapshots,
            upstreams: upstreams, routes: routes, signingKey: signingKey, options: options,
            rates: rates(configuration.rateLimits, gateways: gateways), rateTable: rateTable)
    }

    /// Nil where nobody is.
    static func isTrustedProxy(_ configuration: GatewayConfiguration) -> (@Sendable ([UInt8]) -> Bool)? {
        let trusted = configuration.trustedProxies
        guard !trusted.isEmpty else { return nil }
        return { bytes in
            let address = address(bytes)
            return trusted.contains { $0.contains(address) }
        }
    }

    /// Guesses are of all gateways together: each allows its part. Whoever has a good token isn't concerned by that.
    private static func rates(_ configuration: RateLimitsConfiguration, gateways: Int) -> RateLimits {
        func limit(_ rate: RequestRate) -> RateLimit { RateLimit(rate.perSecond, burst: rate.burst) }
        var rates = RateLimits()
        rates.requests = configuration.requests.map(limit)
        rates.organizations = configuration.organizations.mapValues { $0.map(limit) }
        rates.badTokens = configuration.badTokensPerMinute.map { count in
            let part = max(1, count / max(1, gateways))
            return RateLimit(part, inSeconds: 60, burst: part)
        }
        return rates
    }

    static func limits(_ configuration: GatewayConfiguration, workers: Int) -> ServerLimits {
        var limits = ServerLimits()
        limits.http2.concurrentStreams = configuration.limits.streams
        limits.http2.headerListBytes = configuration.limits.headerListBytes
        limits.http2.headerFields = configuration.limits.headerFields
        limits.http2.bodyBytes = configuration.limits.bodyBytes
        limits.http2.frameBudget = configuration.limits.frameBudget
        limits.http2.continuations = configuration.limits.continuationFrames
        limits.http2.settingsSeconds = Int(configuration.limits.headerTimeoutSeconds.rounded(.up))
        limits.http2.tunnels = configuration.routes.contains(where: \.webSocket)
        limits.stallSeconds = configuration.limits.stallTimeoutSeconds
        limits.stalledRequests = configuration.limits.stalledRequests
        limits.leastBytesPerSecond = configuration.limits.leastBytesPerSecond
        limits.headerSeconds = configuration.limits.headerTimeoutSeconds
        limits.idleSeconds = configuration.limits.idleTimeoutSeconds
        limits.connections = max(1, configuration.limits.connections / workers)
        limits.handshakes = configuration.limits.handshakes
        limits.drainSeconds = configuration.limits.drainTimeoutSeconds
        return limits
    }

    /// An address in network order, 4 or 16 bytes.
    private static func address(_ bytes: [UInt8]) -> IPAddress {
        if bytes.count == 4 { return .v4(bytes.reduce(0) { $0 << 8 | UInt32($1) }) }
        return IPAddress(
            high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
            low: bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
    }
}
