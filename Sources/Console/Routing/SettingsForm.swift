import ControlPlane
import GatewayConfiguration
import UserDirectory

/// A form that changes some of an organization's settings, and is shown again with what is wrong.
///
/// Each carries the version that it was made of, so that two administrators don't overwrite each other.
struct SettingsForm: Sendable {
    static let versionField = "version"

    /// Where the form stands, and where a change leads.
    let tab: OrganizationTab
    /// The members that change, as the admin API takes them.
    let members: JSONValue
    /// What is said when it has happened.
    let done: String

    /// Makes the change; asks first where rules would begin to refuse what is let through now.
    ///
    /// - Parameters:
    ///   - question: asked before the change whatever the figures say; nil: nothing.
    ///   - page: shows the form again, with what was entered.
    func save(
        _ call: ConsoleCall, asking question: (@Sendable (OrganizationSettings) throws -> Confirmation?)? = nil,
        orShow page: (OrganizationSettings, AdminProblem) async throws -> PageContent
    ) async throws -> ConsoleAnswer {
        let before = try await call.settings()
        do {
            try call.who.change(call.organization)
            let version = call.form[Self.versionField] ?? ""
            guard version == before.entityTag else { throw changed(since: before) }
            if !call.isConfirmed, let question = try question?(before) {
                // What is wrong is said before anything is asked.
                _ = try before.changing(json: members)
                return call.confirmation(question, in: .organization(before, tab))
            }
            _ = try await call.administration.organizations.update(
                call.organization, if: .oneOf([version]), isConfirmed: call.isConfirmed, by: call.who
            ) { [members] in try $0.changing(json: members) }
            return .seeOther(call.address(tab.rawValue), .good(done))
        } catch {
            let problem = AdminProblem(error)
            switch problem.code {
            case .enforcementUnconfirmed:
                return call.confirmation(enforcement(problem, call), in: .organization(before, tab))
            case .preconditionFailed:
                let now = try await call.settings()
                return .page(try await page(now, changed(since: now)))
            case .hostTaken:
                var problem = problem
                problem.errors = [AdminProblem.FieldError("hosts", "is taken: \(problem.detail)")]
                return .page(try await page(before, problem))
            default:
                guard problem.code.isAboutForm else { throw problem }
                return .page(try await page(before, problem))
            }
        }
    }

    /// Somebody else was faster: says where what they stored differs from what is in the form.
    private func changed(since now: OrganizationSettings) -> AdminProblem {
        let differences = Self.differences(members, now.json, path: "")
        let others = differences.map { "\($0.path) is \($0.stored.json)" }.joined(separator: ", ")
        return AdminProblem(
            .preconditionFailed,
            "Somebody else has changed the settings meanwhile, and nothing was saved. "
                + (others.isEmpty
                    ? "What they stored agrees with what is in this form."
                    : "In this form that is not what is stored now: \(others). Save again to have it your way."))
    }

    private static func differences(
        _ entered: JSONValue, _ stored: JSONValue, path: String
    ) -> [(path: String, stored: JSONValue)] {
        guard case .object(let members) = entered else {
            return entered == stored ? [] : [(path, stored)]
        }
        return members.flatMap { member in
            differences(
                member.value, stored[member.key] ?? .null, path: path.isEmpty ? member.key : "\(path).\(member.key)")
        }
    }

    private func enforcement(_ problem: AdminProblem, _ call: ConsoleCall) -> Confirmation {
        Confirmation(
            title: "Enforce it though requests would be refused?",
            consequences: problem.errors.map { error in
                let name = RuleWords(setting: error.path)?.name ?? error.path
                return "\(name) \(error.message)."
            } + [
                "They are let through now. From the next request on they would not be. You can go back at any time."
            ],
            button: "Enforce all the same", cancel: call.address(tab.rawValue))
    }
}

/// What the fields of a settings form show: what is stored, or, where that was refused, what was entered.
struct FieldValues: Sendable {
    let entered: FormValues?

    func text(_ name: String, _ stored: String?) -> String { entered.map { $0[name] ?? "" } ?? stored ?? "" }

    func isOn(_ name: String, _ stored: Bool) -> Bool { entered?.isOn(name) ?? stored }

    func lines(_ name: String, _ stored: [String]) -> String {
        entered.map { $0[name] ?? "" } ?? stored.joined(separator: "\n")
    }
}

extension FormValues {
    /// A setting that is text.
    func json(text name: String) -> JSONValue { .string((self[name] ?? "").trimmed) }

    /// One that may be left out.
    func json(optionalText name: String) -> JSONValue {
        let text = (self[name] ?? "").trimmed
        return text.isEmpty ? .null : .string(text)
    }

    /// What isn't a whole number is kept as text, which is then refused under the field's name.
    func json(number name: String) -> JSONValue {
        let text = (self[name] ?? "").trimmed
        return Int(text).map { .integer($0) } ?? .string(text)
    }

    func json(optionalNumber name: String) -> JSONValue {
        (self[name] ?? "").trimmed.isEmpty ? .null : json(number: name)
    }

    func json(box name: String) -> JSONValue { .bool(isOn(name)) }

    func json(lines name: String) -> JSONValue { .array(lines(name).map { .string($0) }) }
}
