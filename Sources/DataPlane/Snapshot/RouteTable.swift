import HTTPMessages

/// What a route asks of requests.
package enum RouteAccess: String, Sendable {
    /// Never asks for identity and looks at no token.
    case `public`
    /// Verifies tokens, and takes sessions.
    case widget
    /// The same, and its pages lead to sign-in where the organization requires it.
    case portal
}

package struct Route: Sendable, Equatable {
    package let path: String
    package let access: RouteAccess
    /// Which of the snapshot's upstreams.
    package let upstream: Int
    /// Its place among the labels of metrics.
    package let label: Int
    package let allowsWebSocket: Bool

    package init(
        path: String, access: RouteAccess, upstream: Int, label: Int = MetricLabels.other, allowsWebSocket: Bool = false
    ) {
        self.path = path
        self.access = access
        self.upstream = upstream
        self.label = label
        self.allowsWebSocket = allowsWebSocket
    }
}

/// The routes, longest first.
struct RouteTable: Sendable {
    private let routes: [(prefix: [UInt8], route: Route)]

    init(_ routes: [Route]) {
        self.routes = routes.map { (Array($0.path.utf8), $0) }.sorted { $0.prefix.count > $1.prefix.count }
    }

    /// The route with the longest path that `path` begins with.
    ///
    /// A route's path ends at a `/`: `/assets` covers `/assets` and `/assets/…`, but not `/assets-internal`.
    func route(for path: Bytes) -> Route? {
        for (prefix, route) in routes {
            let matches = prefix.withUnsafeBytes { prefix in
                guard path.count >= prefix.count, path.part(0, prefix.count).equals(prefix) else { return false }
                return prefix.last == 0x2F || path.count == prefix.count || path[prefix.count] == 0x2F
            }
            if matches { return route }
        }
        return nil
    }
}
