import ControlPlane
import GatewayConfiguration
import MessageAuthentication
import UserDirectory

/// Users from CSV. A script streams the file itself as a request's body: whatever its length, only a batch of it is held.
enum UserImportPage {
    private static let path = "organizations/{organization}/users/import"

    static let routes: [ConsoleRoute] = [
        .get(path) { call in
            let settings = try await call.settings()
            try call.who.change(settings.id)
            let id = Base64URL.text(SystemRandom.bytes(16))
            return .page(
                PageContent(
                    "user-import", title: "Import users", in: .organization(settings, .users),
                    Form(
                        address: call.importAddress(id), sample: call.address("users/import/sample.csv"),
                        users: call.address("users"), organization: settings.id,
                        batchSize: UserService.batchSize.grouped, columns: Column.all)))
        },
        .get(path + "/sample.csv") { call in
            _ = try await call.settings()
            return .response(
                .download(.whole(Array(sample.utf8)), type: "text/csv; charset=utf-8", name: "users-sample.csv"))
        },
        .post(path + "/{import}", takesForm: false, take),
        .post(path + "/{import}/cancel") { call in
            let settings = try await call.settings()
            try call.who.change(settings.id)
            try call.imports.cancel(call.segment("import"), of: settings.id)
            return .seeOther(call.importAddress(call.segment("import")))
        },
        .get(path + "/{import}") { call in
            let settings = try await call.settings()
            let found = try call.imports.find(call.segment("import"), of: settings.id)
            if call.request.field("x-requested-with") == "fetch" { return .response(.json(progress(found))) }
            return .page(
                PageContent(
                    "user-import-result", title: "Import of users", in: .organization(settings, .users),
                    Result(found, call)))
        },
        .get(path + "/{import}/mistakes.csv") { call in
            let settings = try await call.settings()
            let found = try call.imports.find(call.segment("import"), of: settings.id)
            let lines = found.report.mistakes.map { mistake in
                "\(mistake.line),\"\(mistake.message.replacing("\"", with: "\"\""))\"\r\n"
            }
            return .response(
                .download(
                    .whole(Array(("line,reason\r\n" + lines.joined()).utf8)), type: "text/csv; charset=utf-8",
                    name: "bad-rows.csv"))
        },
    ]

    /// Reads the file as it comes. Where the browser leaves, what was written stays.
    private static let take: @Sendable (ConsoleCall) async throws -> ConsoleAnswer = { call in
        let settings = try await call.settings()
        try call.who.change(settings.id)
        guard call.request.contentType == "text/csv" else {
            throw AdminProblem(.mediaTypeUnsupported, "A CSV file was expected.")
        }
        let id = call.segment("import")
        let imports = call.imports
        let isTrial = call.query["dry_run"] == "yes"
        try imports.begin(
            id,
            UserImport(
                organization: settings.id, file: (call.query.text("file") ?? "").shownShort, isTrial: isTrial,
                size: call.request.field("content-length").flatMap { Int($0) }, beganAt: call.now))
        let body = call.request.body
        do {
            let report = try await call.administration.users.importCSV(
                into: settings.id, isTrial: isTrial, tellingOf: UserImports.mistakesTold, by: call.who,
                progress: { report in imports.change(id) { $0.report = report } },
                next: {
                    // What the browser has sent is on its way here still: leaving it there isn't stopping.
                    guard try !imports.find(id, of: settings.id).isCancelled else {
                        throw AdminProblem(.requestMalformed, "cancelled")
                    }
                    let part = try await body.next()
                    if let part { imports.change(id) { $0.bytes += part.count } }
                    return part
                })
            imports.change(id) {
                $0.report = report
                $0.endedAt = call.now
                $0.outcome = .ended
            }
            return .response(.json(progress(try imports.find(id, of: settings.id))))
        } catch {
            let problem = AdminProblem(error)
            let reason =
                problem.code == .requestInvalid || problem.code == .directoryUnavailable
                ? problem.sentence : "It was cancelled, or the connection broke."
            imports.change(id) {
                $0.endedAt = call.now
                $0.outcome = .brokenOff(reason)
            }
            throw problem
        }
    }

    private static func progress(_ found: UserImport) -> JSONValue {
        .members([
            "running": .bool(found.outcome == .running), "bytes": .integer(found.bytes),
            "read": .integer(found.report.read), "created": .integer(found.report.created),
            "updated": .integer(found.report.updated), "refused": .integer(found.report.refused),
            "mistakes": .integer(found.report.mistakeCount),
        ])
    }

    private static let sample = """
        id,email,name,company_id,company_name,company_plan,company_mrr,segments,status\r
        1001,ada@example.com,Ada Lovelace,c-1,Analytical Engines,pro,1200.50,beta;enterprise,active\r
        1002,grace@example.com,"Hopper, Grace",c-2,Flow-Matic,starter,99,,trial\r

        """

    private struct Form: Sendable {
        let address: String
        let sample: String
        let users: String
        let organization: String
        let batchSize: String
        let columns: [Column]
    }

    private struct Column: Sendable {
        let names: [String]
        let meaning: String

        static let all = [
            Column(names: ["id"], meaning: "The customer's own id of the user. It or email must be there."),
            Column(names: ["email"], meaning: "Their email address."),
            Column(names: ["name", "username", "locale"], meaning: "What they are called, and their language."),
            Column(names: ["avatar_url"], meaning: "The address of their picture."),
            Column(
                names: ["company_id", "company_name", "company_plan"], meaning: "The company that they belong to."),
            Column(
                names: ["company_mrr", "company_arr", "company_ltv"],
                meaning: "Its revenue: a month, a year, in all. Decimal numbers."),
            Column(names: ["segments"], meaning: "Separated by semicolons: beta;enterprise."),
            Column(names: ["weight"], meaning: "A whole number."),
            Column(names: ["status"], meaning: "active, trial, churned, or any other word."),
            Column(names: ["renewal_date", "renewal_risk"], meaning: "A date as 2026-12-31; low, medium or high."),
            Column(names: ["owner_id", "owner_email"], meaning: "Who looks after the account."),
            Column(
                names: ["role"], meaning: "What they are at the customer: an attribute, not a role in the directory."),
        ]
    }

    private struct Result: Sendable {
        let file: String
        let isTrial: Bool
        let isRunning: Bool
        let isGood: Bool
        let brokenOff: String?
        let stopped: String?
        let read: String
        let created: String
        let updated: String
        let same: String
        let refused: String
        let hasRefused: Bool
        let mistakes: [Mistake]
        let mistakeCount: String
        let hasMoreMistakes: Bool
        let mistakesFile: String
        let began: MomentText
        let took: String?
        let address: String
        let again: String
        let users: String
        let batchSize: String

        private static let mistakesShown = 100

        init(_ found: UserImport, _ call: ConsoleCall) {
            let report = found.report
            file = found.file
            isTrial = found.isTrial
            isRunning = found.outcome == .running
            if case .brokenOff(let reason) = found.outcome { brokenOff = reason } else { brokenOff = nil }
            stopped = report.stopped.map { $0.prefix(1).uppercased() + $0.dropFirst() + "." }
            isGood = found.outcome == .ended && report.stopped == nil && report.mistakeCount == 0
            read = report.read.grouped
            created = report.created.grouped
            updated = report.updated.grouped
            same = max(0, report.read - report.created - report.updated - report.refused).grouped
            refused = report.refused.grouped
            hasRefused = report.refused > 0
            mistakes = report.mistakes.prefix(Self.mistakesShown).map {
                Mistake(line: $0.line.grouped, reason: $0.message)
            }
            mistakeCount = report.mistakeCount.grouped
            hasMoreMistakes = report.mistakeCount > mistakes.count
            let address = call.importAddress(call.segment("import"))
            mistakesFile = address + "/mistakes.csv"
            self.address = address
            began = MomentText(found.beganAt, now: call.now)
            took = found.endedAt.map { MomentText.length($0 - found.beganAt) }
            again = call.address("users/import")
            users = call.address("users")
            batchSize = UserService.batchSize.grouped
        }
    }

    private struct Mistake: Sendable {
        let line: String
        let reason: String
    }
}

extension ConsoleCall {
    fileprivate func importAddress(_ id: String) -> String { address("users/import/") + id.percentEncoded }
}

extension MomentText {
    /// A length of time in words.
    fileprivate static func length(_ seconds: Double) -> String {
        let whole = Int(seconds.rounded())
        return whole < 120 ? "\(whole) s" : "\(whole / 60) min \(whole % 60) s"
    }
}
