import ControlPlane
import IdentityCore
import UserDirectory

/// Every token that was presented.
enum TokenLogPage {
    private static let rowsShown = 50
    /// How many rows a script gets that follows the log.
    private static let rowsFollowed = 100

    static let routes: [ConsoleRoute] = [
        .get("organizations/{organization}/token-log") { call in
            let settings = try await call.settings()
            let query = TokenLogQuery(call.query)
            let cursor = call.query.text("cursor", upTo: 20)
            let found = try await call.administration.tokenLog.list(
                query.filter(organization: settings.id, now: call.now), before: cursor.flatMap(Int64.init),
                limit: rowsShown, by: call.who)
            let path = call.address(OrganizationTab.tokenLog.rawValue)
            return .page(
                PageContent(
                    "token-log", title: "Token log", in: .organization(settings, .tokenLog),
                    Page(
                        rows: try await TokenLogRow.rows(found.entries, call), query: query,
                        outcomes: outcomes(query.outcome), spans: spans(query.within),
                        hasTimes: !query.since.isEmpty || !query.until.isEmpty, isFiltered: query.isFiltered,
                        complaint: query.complaint, path: path,
                        live: cursor == nil
                            ? ConsoleAddress.query(path + "/rows", query.pairs) : nil,
                        newest: found.entries.first.map { String($0.id) } ?? "0",
                        csv: ConsoleAddress.query(path + ".csv", query.pairs),
                        csvLimit: TokenLogCSV.mostRows.grouped, codes: CodeGuide.page,
                        checker: call.address(OrganizationTab.tokenChecker.rawValue),
                        pager: Pager(
                            path, query: query.pairs, cursor: cursor, next: found.next.map { String($0) }))))
        },
        // What came after a row: for the script that follows the log.
        .get("organizations/{organization}/token-log/rows") { call in
            let after = call.query.text("after", upTo: 20).flatMap(Int64.init) ?? 0
            let found = try await call.administration.tokenLog.list(
                TokenLogQuery(call.query).filter(organization: call.organization, now: call.now), after: after,
                limit: rowsFollowed, by: call.who)
            return .response(
                .html(
                    Templates.render(
                        "token-log-rows",
                        Fragment(
                            rows: try await TokenLogRow.rows(found.reversed(), call),
                            newest: String(found.last?.id ?? after)))))
        },
        .get("organizations/{organization}/token-log.csv") { call in
            let settings = try await call.settings()
            let filter = TokenLogQuery(call.query).filter(organization: settings.id, now: call.now)
            let export = TokenLogCSV(call.administration.tokenLog, filter, by: call.who)
            return .response(
                AdminResponse(200, type: "text/csv; charset=utf-8", body: .parts({ try await export.next() }))
                    .with("content-disposition", "attachment; filename=\"token-log-\(settings.id).csv\""))
        },
    ]

    private static func outcomes(_ chosen: String) -> Outcomes {
        // What the log has no rows of is not offered.
        let codes = RejectionCode.allCases.filter(\.concernsTokens).map { CodeGuide($0) }
        return Outcomes(
            general: [
                Option("", "All", isChosen: chosen.isEmpty),
                Option(TokenLogEntry.accepted, "Accepted", isChosen: chosen == TokenLogEntry.accepted),
                Option("refused", "Refused, for any reason", isChosen: chosen == "refused"),
            ],
            codes: codes.map { Option($0.code, "\($0.title) (\($0.code))", isChosen: chosen == $0.code) })
    }

    private static func spans(_ chosen: String) -> [Option] {
        [Option("", "Any time", isChosen: chosen.isEmpty)]
            + TokenLogQuery.spans.map { Option($0.value, $0.label, isChosen: chosen == $0.value) }
    }

    private struct Page: Sendable {
        let rows: [TokenLogRow]
        let query: TokenLogQuery
        let outcomes: Outcomes
        let spans: [Option]
        let hasTimes: Bool
        let isFiltered: Bool
        let complaint: String?
        let path: String
        /// Where a script asks for newer rows; nil: this isn't the first page.
        let live: String?
        let newest: String
        let csv: String
        let csvLimit: String
        let codes: String
        let checker: String
        let pager: Pager
    }

    private struct Outcomes: Sendable {
        let general: [Option]
        let codes: [Option]
    }

    private struct Fragment: Sendable {
        let rows: [TokenLogRow]
        let newest: String
    }
}
