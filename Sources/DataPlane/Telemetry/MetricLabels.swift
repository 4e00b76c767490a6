import Synchronization

/// The names of routes and upstreams in metrics, each with a place of its own for as long as the process lives: a
/// reload neither moves what has been counted nor forgets it.
///
/// There are only so many places (`MetricsLayout`). What comes when they are taken shares the first one, `other`.
package final class MetricLabels: Sendable {
    /// Where requests are counted that no route was found for, and those of routes past the last place.
    package static let other = 0

    /// The gateway's own addresses come first, under fixed labels.
    private static let ownRoutes = [
        "other", "/_widget/sdk.js", "/_widget/state", "/_widget/identify", "/_widget/logout", "/_widget/jwks.json",
        "sign-in",
    ]

    private let state = Mutex((routes: ownRoutes, upstreams: ["other"]))

    package init() {}

    package var routes: [String] { state.withLock { $0.routes } }
    package var upstreams: [String] { state.withLock { $0.upstreams } }

    package func route(_ path: String) -> Int {
        state.withLock { Self.place(of: path, in: &$0.routes, limit: MetricsLayout.routes) }
    }

    package func upstream(_ name: String) -> Int {
        state.withLock { Self.place(of: name, in: &$0.upstreams, limit: MetricsLayout.upstreams) }
    }

    private static func place(of name: String, in names: inout [String], limit: Int) -> Int {
        if let known = names.firstIndex(of: name) { return known }
        guard names.count < limit else { return other }
        names.append(name)
        return names.count - 1
    }
}

extension Endpoint {
    /// The place of the route's label.
    var metricLabel: Int {
        switch self {
        case .unknown, .portalPath(nil): MetricLabels.other
        case .upstream(let route), .portalPath(let route?): route.label
        case .sdk: 1
        case .state: 2
        case .identify: 3
        case .logout: 4
        case .keySet: 5
        case .signIn: 6
        }
    }
}
