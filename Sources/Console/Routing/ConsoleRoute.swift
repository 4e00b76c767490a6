import ControlPlane

/// One address of the console.
struct ConsoleRoute: Sendable {
    let method: String
    let pattern: PathPattern
    /// Whether a POST brings a form, as all do but streams that a script sends.
    let takesForm: Bool
    let run: @Sendable (ConsoleCall) async throws -> ConsoleAnswer

    static func get(
        _ path: String, _ run: @escaping @Sendable (ConsoleCall) async throws -> ConsoleAnswer
    ) -> ConsoleRoute {
        ConsoleRoute(method: "GET", pattern: PathPattern(path), takesForm: false, run: run)
    }

    static func post(
        _ path: String, takesForm: Bool = true, _ run: @escaping @Sendable (ConsoleCall) async throws -> ConsoleAnswer
    ) -> ConsoleRoute {
        ConsoleRoute(method: "POST", pattern: PathPattern(path), takesForm: takesForm, run: run)
    }

    /// All of them, each page's own beside its page.
    static let all: [ConsoleRoute] =
        OrganizationsPage.routes + AdminTokensPage.routes + AuditPage.routes
        + OverviewPage.routes + SignInSettingsPage.routes + WidgetAuthPage.routes + PortalPage.routes
        + SecretsPage.routes + UsersPage.routes + UserPage.routes + UserPage.changes + UserImportPage.routes
        + TokenLogPage.routes + TokenCheckerPage.routes + SettingsPage.routes + CodesPage.routes

    /// The route at a path below `Console.root`, with what the path's named segments are. A segment that is written
    /// down wins over one that is not.
    static func find(_ method: String, _ path: Substring) -> (route: ConsoleRoute, values: [String: String])? {
        let method = method == "HEAD" ? "GET" : method
        let segments = path.dropFirst(Console.root.count + 1).split(separator: "/", omittingEmptySubsequences: false)
        let trimmed = segments.last == "" ? segments.dropLast() : segments[...]
        var best: (route: ConsoleRoute, values: [String: String])?
        for route in all where route.method == method {
            guard let values = route.pattern.match(Array(trimmed)) else { continue }
            if best.map({ values.count < $0.values.count }) ?? true { best = (route, values) }
        }
        return best
    }
}
