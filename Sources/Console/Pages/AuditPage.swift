import ControlPlane
import UserDirectory

/// What administrators changed: of the instance, or of one organization.
enum AuditPage {
    static let routes: [ConsoleRoute] = [
        .get("audit") { call in
            .page(try await page(call, path: ConsoleAddress.audit, organization: nil, in: .instance(.audit)))
        },
        .get("organizations/{organization}/audit") { call in
            let settings = try await call.settings()
            return .page(
                try await page(
                    call, path: call.address("audit"), organization: settings.id, in: .organization(settings, .audit)))
        },
    ]

    private static func page(
        _ call: ConsoleCall, path: String, organization: String?, in place: PageContent.Place
    ) async throws -> PageContent {
        var filter = AuditFilter()
        filter.organization = organization
        filter.action = call.query.text("action")
        filter.subject = call.query.text("subject")
        let cursor = call.query.text("cursor")
        let page = try await call.administration.audit.list(
            filter, before: cursor.flatMap(Int64.init), limit: 50, by: call.who)
        return PageContent(
            "audit", title: "Audit", in: place,
            Page(
                rows: page.entries.map { Row($0, now: call.now, showsOrganization: organization == nil) },
                action: filter.action ?? "", subject: filter.subject ?? "",
                isFiltered: filter.action != nil || filter.subject != nil || cursor != nil,
                path: path, showsOrganization: organization == nil,
                pager: Pager(
                    path, query: [("action", filter.action), ("subject", filter.subject)], cursor: cursor,
                    next: page.next.map { "\($0)" })))
    }

    private struct Page: Sendable {
        let rows: [Row]
        let action: String
        let subject: String
        let isFiltered: Bool
        let path: String
        let showsOrganization: Bool
        let pager: Pager
    }

    private struct Row: Sendable {
        let at: MomentText
        let action: String
        let actor: String
        let actorKind: String
        let address: String?
        let organization: String?
        let subject: String?
        let before: String?
        let after: String?
        let hasDetails: Bool

        init(_ entry: AuditEntry, now: Double, showsOrganization: Bool) {
            at = MomentText(entry.at, now: now)
            action = entry.action
            actor = entry.actor.name
            actorKind = entry.actor.kind.rawValue.split(separator: "_").joined(separator: " ")
            address = entry.actor.address
            organization = showsOrganization ? entry.organization : nil
            subject = entry.subject
            before = entry.before.map(PrettyJSON.text)
            after = entry.after.map(PrettyJSON.text)
            hasDetails = before != nil || after != nil
        }
    }
}
