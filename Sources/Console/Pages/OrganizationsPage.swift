import ControlPlane
import GatewayConfiguration
import IdentityCore
import UserDirectory

/// The list of organizations, and the form that makes one.
enum OrganizationsPage {
    private static let alertsShown = 5

    static let routes: [ConsoleRoute] = [
        .get("") { call in
            if let bound = call.who.scope.organization { return .seeOther(ConsoleAddress.organization(bound)) }
            let search = call.query.text("search")
            let cursor = call.query.text("cursor")
            let page = try await call.administration.organizations.list(
                containing: search, after: cursor, limit: 50, by: call.who)
            let alerts = try await call.administration.reports.alerts(
                of: nil, since: call.now - 86_400, limit: alertsShown, by: call.who)
            return .page(
                PageContent(
                    "organizations", title: "Organizations", in: .instance(.organizations),
                    List(
                        rows: page.organizations.map(Row.init), search: search ?? "",
                        isFiltered: search != nil || cursor != nil, mayCreate: call.mayWrite,
                        pager: Pager(
                            ConsoleAddress.organizations, query: [("search", search)], cursor: cursor, next: page.next),
                        alerts: alerts.map { AlertText($0, now: call.now) }, showsOrganization: true)))
        },
        .get("organizations") { _ in .seeOther(ConsoleAddress.organizations) },
        .get("organizations/new") { call in
            try call.who.changeInstance()
            return .page(form(FormValues(query: ""), nil))
        },
        .post("organizations/new") { call in
            do {
                let settings = try OrganizationSettings(
                    json: .members([
                        "id": .string(call.form.text("id") ?? ""),
                        "name": call.form.text("name").map { .string($0) },
                        "dialect": .string(call.form.text("dialect") ?? ""),
                        "hosts": .array(call.form.lines("hosts").map { .string($0) }),
                    ]))
                _ = try await call.administration.organizations.create(settings, by: call.who)
                return .seeOther(
                    ConsoleAddress.organization(settings.id, OrganizationTab.secrets.rawValue),
                    .good("\(settings.name) is there. Make an API secret for their server next."))
            } catch {
                let problem = AdminProblem(error)
                guard problem.code.isAboutForm else { throw problem }
                return .page(form(call.form, problem))
            }
        },
    ]

    private static func form(_ values: FormValues, _ problem: AdminProblem?) -> PageContent {
        PageContent(
            "organization-new", title: "New organization", in: .instance(.organizations),
            status: problem?.code.status ?? 200,
            Form(
                id: values["id"] ?? "", name: values["name"] ?? "", hosts: values["hosts"] ?? "",
                dialects: Dialect.allCases.map {
                    Option($0.rawValue, $0.rawValue, isChosen: values["dialect"] == $0.rawValue)
                },
                problem: problem?.sentence, errors: FieldErrors(problem)))
    }

    private struct List: Sendable {
        let rows: [Row]
        let search: String
        let isFiltered: Bool
        let mayCreate: Bool
        let pager: Pager
        /// Of the last day, of all organizations.
        let alerts: [AlertText]
        let showsOrganization: Bool
    }

    private struct Row: Sendable {
        let address: String
        let id: String
        let name: String
        let dialect: String
        let hosts: String
        let rules: [Badge]

        init(_ settings: OrganizationSettings) {
            address = ConsoleAddress.organization(settings.id)
            id = settings.id
            name = settings.name
            dialect = settings.dialect.rawValue
            hosts =
                settings.hosts.prefix(3).joined(separator: ", ")
                + (settings.hosts.count > 3 ? " and \(settings.hosts.count - 3) more" : "")
            var rules: [Badge] = []
            for (label, rule) in [("identify", settings.requireIdentify), ("user hash", settings.requireUserHash)] {
                if rule != .off { rules.append(Badge(label, rule == .enforce ? "good" : "warning")) }
            }
            if settings.identifyMode == .updateOnly { rules.append(Badge("update only", "good")) }
            if settings.sso.enabled { rules.append(Badge("SSO", "accent")) }
            self.rules = rules
        }
    }

    private struct Form: Sendable {
        let id: String
        let name: String
        let hosts: String
        let dialects: [Option]
        let problem: String?
        let errors: FieldErrors
    }
}
