import ControlPlane
import Foundation
import UserDirectory

/// The forms that say more about a change of secrets than yes: import, rotate, plan an end, revoke.
enum SecretChangePage {
    private static let day = 86_400.0

    static let routes: [ConsoleRoute] = [
        .get("organizations/{organization}/keys/import") { call in
            try call.who.change(call.organization)
            return .page(importing(try await call.settings(), call, call.query, nil))
        },
        .post("organizations/{organization}/keys/import") { call in
            let settings = try await call.settings()
            let text = call.form["secret"] ?? ""
            do {
                let made = try await call.administration.secrets.take(
                    text, SecretsPage.purpose(call.form), for: settings.id,
                    allowWeak: call.form.isOn("allow_weak"), by: call.who)
                guard let id = made.value?.value.id else {
                    throw AdminProblem(.internalError, "no secret was taken over")
                }
                return .seeOther(
                    call.address(SecretsPage.tab),
                    .good("The secret was taken over as \(id), and verifies from now on."))
            } catch SecretRefusal.weak(let bytes) {
                return .page(importing(settings, call, call.form, weak(bytes), isWeak: true))
            } catch {
                let problem = AdminProblem(error)
                guard problem.code.isAboutForm else { throw problem }
                return .page(importing(settings, call, call.form, problem))
            }
        },
        .get("organizations/{organization}/keys/rotate") { call in
            try call.who.change(call.organization)
            return .page(rotating(try await call.settings(), call, call.query, nil))
        },
        .post("organizations/{organization}/keys/rotate") { call in
            let settings = try await call.settings()
            do {
                let end = try end(call.form, now: call.now)
                let made = try await call.administration.secrets.rotate(
                    SecretsPage.purpose(call.form), for: settings.id, oldValidUntil: end, by: call.who)
                return try SecretsPage.shown(
                    made,
                    "The new secret is in force. The old ones go on until they end "
                        + MomentText.distance(end - call.now) + ".", call)
            } catch {
                let problem = AdminProblem(error)
                guard problem.code.isAboutForm else { throw problem }
                return .page(rotating(settings, call, call.form, problem))
            }
        },
        .get("organizations/{organization}/keys/{secret}/end") { call in
            try call.who.change(call.organization)
            return .page(planning(try await call.settings(), try await secret(call), call, nil))
        },
        .post("organizations/{organization}/keys/{secret}/end") { call in
            let settings = try await call.settings()
            let secret = try await secret(call)
            do {
                let end = try end(call.form, now: call.now)
                _ = try await call.administration.secrets.plan(
                    end: end, of: secret.id, of: settings.id, by: call.who)
                return .seeOther(
                    call.address(SecretsPage.tab),
                    .good("\(secret.id) ends \(MomentText.distance(end - call.now)). Until then it goes on as before."))
            } catch {
                let problem = AdminProblem(error)
                guard problem.code.isAboutForm else { throw problem }
                return .page(planning(settings, secret, call, problem))
            }
        },
        .post("organizations/{organization}/keys/{secret}/revoke") { call in
            let settings = try await call.settings()
            let secret = try await secret(call)
            guard call.isConfirmed else { return .page(revoking(settings, secret, call)) }
            let endsSessions = call.form.isOn("end_sessions")
            try await call.administration.secrets.revoke(
                secret.id, of: settings.id, endSessions: endsSessions, by: call.who)
            return .seeOther(
                call.address(SecretsPage.tab),
                .good("\(secret.id) is revoked" + (endsSessions ? ", and the sessions that it began are ended." : ".")))
        },
    ]

    private static func secret(_ call: ConsoleCall) async throws -> SecretSummary {
        let id = call.segment("secret")
        let all = try await call.administration.secrets.list(of: call.organization, by: call.who)
        guard let secret = all.first(where: { $0.id == id }), secret.isActive(at: call.now) else {
            throw AdminProblem(.secretUnknown, "There is no such active secret.")
        }
        return secret
    }

    // MARK: When

    /// The moment that a form has chosen, in seconds since 1970.
    static func end(_ form: FormValues, now: Double) throws -> Double {
        switch form["ends"] {
        case "1": return now + day
        case "7": return now + 7 * day
        case "30": return now + 30 * day
        default: break
        }
        guard let moment = moment(ofDay: (form["date"] ?? "").trimmed) else {
            throw AdminProblem.invalid("date", "must be a day, like 2030-01-31")
        }
        guard moment > now, moment <= now + SecretService.longestOverlap else {
            throw AdminProblem.invalid("date", "must lie ahead, and at most 366 days")
        }
        return moment
    }

    /// When the day begins in UTC.
    private static func moment(ofDay text: String) -> Double? {
        guard text.utf8.count == 10 else { return nil }
        let date = try? Date(text + "T00:00:00Z", strategy: .iso8601)
        // A day that the calendar doesn't have, the 30th of February, isn't taken for the one after it.
        guard let date, dayText(date.timeIntervalSince1970) == text else { return nil }
        return date.timeIntervalSince1970
    }

    private static func dayText(_ moment: Double) -> String { String(MomentText(moment, now: moment).iso.prefix(10)) }

    private static func ends(_ form: FormValues) -> [Option] {
        let chosen = form["ends"] ?? "7"
        return [("1", "1 day"), ("7", "7 days"), ("30", "30 days"), ("date", "On a date")].map {
            Option($0.0, $0.1, isChosen: chosen == $0.0)
        }
    }

    // MARK: Pages

    private static func weak(_ bytes: Int) -> AdminProblem {
        AdminProblem.invalid(
            "secret",
            "is weak: it has \(bytes) bytes, and fewer than \(SecretPolicy.minimumBytes) can be guessed from a single "
                + "token. Generate one here and put it into the customer’s server instead; or tick the box below.")
    }

    private static func importing(
        _ settings: OrganizationSettings, _ call: ConsoleCall, _ values: FormValues, _ problem: AdminProblem?,
        isWeak: Bool = false
    ) -> PageContent {
        let words = SecretWords(SecretsPage.purpose(values))
        return content(
            settings, call, title: "Import \(words.article) \(words.singular)", problem: problem,
            Page(
                lines: [
                    "Takes over a secret that the customer’s server already signs with, so that nothing has to "
                        + "change there."
                ],
                button: "Import secret", purpose: SecretsPage.purpose(values).rawValue, takesSecret: true,
                secret: values["secret"] ?? "", offersWeak: isWeak || values.isOn("allow_weak")))
    }

    private static func rotating(
        _ settings: OrganizationSettings, _ call: ConsoleCall, _ values: FormValues, _ problem: AdminProblem?
    ) -> PageContent {
        let words = SecretWords(SecretsPage.purpose(values))
        return content(
            settings, call, title: "Rotate the \(words.singular)", problem: problem,
            Page(
                lines: [
                    "Makes a new secret. What was signed with the old ones is accepted as well until they end, so that "
                        + "the customer can change over without an interruption."
                ],
                button: "Rotate", purpose: SecretsPage.purpose(values).rawValue, ends: ends(values),
                endsLegend: "The old ones end after", date: values["date"] ?? ""), now: call.now)
    }

    private static func planning(
        _ settings: OrganizationSettings, _ secret: SecretSummary, _ call: ConsoleCall, _ problem: AdminProblem?
    ) -> PageContent {
        content(
            settings, call, title: "Plan the end of \(secret.id)", problem: problem,
            Page(
                lines: [
                    "Until then it goes on as before. Then \(SecretWords(secret.purpose).endingOfOne) is refused. The "
                        + "plan can be taken back as long as it hasn’t ended."
                ],
                button: "Plan end", ends: ends(call.form), endsLegend: "It ends after", date: call.form["date"] ?? ""),
            now: call.now)
    }

    private static func revoking(
        _ settings: OrganizationSettings, _ secret: SecretSummary, _ call: ConsoleCall
    ) -> PageContent {
        content(
            settings, call, title: "Revoke \(secret.id)?", problem: nil,
            Page(
                lines: [
                    "From the very next request on, \(SecretWords(secret.purpose).endingOfOne) is refused. This can’t be "
                        + "undone.",
                    secret.lastUsedAt.map { "It was last used \(MomentText.distance($0 - call.now))." }
                        ?? "It was never used.",
                ],
                button: "Revoke secret", isDestructive: true, offersSessions: secret.purpose == .api))
    }

    private static func content(
        _ settings: OrganizationSettings, _ call: ConsoleCall, title: String, problem: AdminProblem?, _ page: Page,
        now: Double? = nil
    ) -> PageContent {
        var page = page
        page.title = title
        page.action = String(call.request.path)
        page.cancel = call.address(SecretsPage.tab)
        page.form = FormState(problem)
        if let now { page.firstDay = dayText(now + day) }
        return PageContent(
            "secret-change", title: title, in: .organization(settings, .secrets), status: problem?.code.status ?? 200,
            page)
    }

    private struct Page: Sendable {
        var title = ""
        var lines: [String]
        var button: String
        var action = ""
        var cancel = ""
        var form = FormState(nil)
        var isDestructive = false
        var purpose: String?
        var takesSecret = false
        var secret = ""
        var offersWeak = false
        var ends: [Option] = []
        var endsLegend = ""
        var date = ""
        var firstDay = ""
        var offersSessions = false
    }
}
