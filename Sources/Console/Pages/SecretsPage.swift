import ControlPlane
import IdentityCore
import UserDirectory

/// The secrets by which the organization's server signs.
enum SecretsPage {
    static let routes: [ConsoleRoute] =
        [
            .get("organizations/{organization}/keys") { call in
                .page(try await page(try await call.settings(), call, nil))
            },
            .post("organizations/{organization}/keys/generate") { call in
                let settings = try await call.settings()
                do {
                    let made = try await call.administration.secrets.generate(
                        purpose(call.form), for: call.organization, by: call.who)
                    return try shown(made, "The secret was made. Those that were there go on as before.", call)
                } catch {
                    let problem = AdminProblem(error)
                    guard problem.code.isAboutForm else { throw problem }
                    return .page(try await page(settings, call, problem))
                }
            },
            .post("organizations/{organization}/keys/regenerate") { call in
                let settings = try await call.settings()
                let purpose = purpose(call.form)
                let words = SecretWords(purpose)
                guard call.isConfirmed else {
                    let old = try await call.administration.secrets.list(of: settings.id, by: call.who).filter {
                        $0.purpose == purpose && $0.isActive(at: call.now)
                    }
                    return call.confirmation(
                        Confirmation(
                            title: "Regenerate the \(words.singular)?",
                            consequences: [
                                "A new one is made"
                                    + (old.isEmpty
                                        ? "."
                                        : ", and \(SecretWords.count(old.count)) now: from the very next request on, "
                                            + "\(words.ending), are refused."),
                                "Nobody gets in until the customer’s server has the new secret. To change without an "
                                    + "interruption, rotate instead.",
                            ],
                            button: "Regenerate", cancel: call.address(tab)),
                        in: .organization(settings, .secrets))
                }
                let made = try await call.administration.secrets.regenerate(purpose, for: settings.id, by: call.who)
                return try shown(made, "The new secret is in force, and the old ones are refused.", call)
            },
            .post("organizations/{organization}/keys/{secret}/keep") { call in
                let secret = try await call.administration.secrets.plan(
                    end: nil, of: call.segment("secret"), of: call.organization, by: call.who)
                return .seeOther(call.address(tab), .good("\(secret.id) has no planned end any more."))
            },
        ] + SecretChangePage.routes

    static let tab = OrganizationTab.secrets.rawValue

    static func purpose(_ form: FormValues) -> SecretPurpose { form.choice("purpose", SecretPurpose.self) ?? .api }

    /// Back to the list, which shows the new secret's text this once.
    static func shown(_ made: Made<Shown<SecretSummary>>, _ text: String, _ call: ConsoleCall) throws -> ConsoleAnswer {
        guard let new = made.value else { throw AdminProblem(.internalError, "no secret was made") }
        return .seeOther(
            call.address(tab),
            PageNotice(
                text: text,
                secret: ShownSecret(
                    label: "\(SecretWords(new.value.purpose).title) \(new.value.id)", text: new.text,
                    hint:
                        "Put it into the configuration of the customer’s server now: it isn’t shown again. The key is "
                        + "this text itself, all \(new.text.utf8.count) characters, never what they would decode to.")))
    }

    private static func page(
        _ settings: OrganizationSettings, _ call: ConsoleCall, _ problem: AdminProblem?
    ) async throws -> PageContent {
        let secrets = try await call.administration.secrets.list(of: settings.id, by: call.who)
        let words = DialectWords(settings.dialect)
        let groups = SecretPurpose.allCases.map { purpose in
            Group(purpose, secrets.filter { $0.purpose == purpose }, call)
        }
        return PageContent(
            "secrets", title: "API keys", in: .organization(settings, .secrets), status: problem?.code.status ?? 200,
            Page(
                address: call.address(tab), problem: problem?.sentence, groups: groups,
                sample: Sample(
                    id: words.id, email: words.email, name: words.fullName,
                    wantsHash: settings.requireUserHash != .off,
                    hasHashSecret: groups.contains { $0.purpose == SecretPurpose.userHash.rawValue && $0.active > 0 })))
    }

    private struct Page: Sendable {
        let address: String
        let problem: String?
        let groups: [Group]
        let sample: Sample
    }

    /// What the samples of signing need to know.
    private struct Sample: Sendable {
        let id: String
        let email: String
        let name: String
        let wantsHash: Bool
        let hasHashSecret: Bool
    }

    private struct Group: Sendable {
        let purpose: String
        let title: String
        let hint: String
        let singular: String
        let active: Int
        let most: Int
        let isFull: Bool
        /// Nothing works before there is one.
        let isWanted: Bool
        let rows: [Row]
        let earlier: [Row]

        init(_ purpose: SecretPurpose, _ secrets: [SecretSummary], _ call: ConsoleCall) {
            let words = SecretWords(purpose)
            self.purpose = purpose.rawValue
            title = words.plural
            hint = words.hint
            singular = words.singular
            let rows = secrets.reversed().map { Row($0, call) }
            self.rows = rows.filter(\.isActive)
            earlier = rows.filter { !$0.isActive }
            active = self.rows.count
            most = maxActiveSecrets
            isFull = active >= most
            isWanted = purpose == .api && active == 0
        }
    }

    private struct Row: Sendable {
        let id: String
        let last4: String
        let made: MomentText
        let used: MomentText?
        let state: Badge
        let ended: MomentText?
        let isActive: Bool
        let hasPlannedEnd: Bool

        init(_ secret: SecretSummary, _ call: ConsoleCall) {
            let now = call.now
            id = secret.id
            last4 = secret.last4
            made = MomentText(secret.createdAt, now: now)
            used = MomentText(secret.lastUsedAt, now: now)
            isActive = secret.isActive(at: now)
            ended = MomentText(secret.revokedAt ?? secret.validUntil, now: now)
            hasPlannedEnd = isActive && secret.validUntil != nil
            state =
                if secret.revokedAt != nil {
                    Badge("revoked", "bad")
                } else if let end = secret.validUntil {
                    isActive ? Badge("ends " + MomentText.distance(end - now), "warning") : Badge("ended")
                } else {
                    Badge("active", "good")
                }
        }
    }
}

/// A secret's purpose as people read it.
struct SecretWords: Sendable {
    let title: String
    let singular: String
    let plural: String
    let hint: String
    /// What stops working when they end.
    let ending: String
    let endingOfOne: String
    let article: String

    init(_ purpose: SecretPurpose) {
        switch purpose {
        case .api:
            title = "API secret"
            singular = "API secret"
            plural = "API secrets"
            hint =
                "The customer’s server signs user tokens with one of these, and user hashes too unless there is a "
                + "hash secret."
            ending = "user tokens that they signed, and user hashes unless there is a hash secret"
            endingOfOne = "whatever it signed"
            article = "an"
        case .userHash:
            title = "Hash secret"
            singular = "hash secret"
            plural = "Hash secrets"
            hint =
                "For user hashes alone. With one, a leaked API secret is not enough to speak for somebody else. "
                + "Without one, hashes are made with the API secret."
            ending = "user hashes that were made with them"
            endingOfOne = "a user hash that was made with it"
            article = "a"
        }
    }

    static func count(_ number: Int) -> String {
        switch number {
        case 1: "the active one ends"
        default: "the \(number) active ones end"
        }
    }
}
