import ArgumentParser
import ControlPlane
import GatewayConfiguration
import UserDirectory

struct OrganizationCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make an organization.",
        discussion: """
              widget-gateway organization create acme name='Acme Inc' hosts=feedback.acme.test
              widget-gateway secret generate acme
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    @Argument(help: "The id: lower-case letters, digits, - and _.")
    var id: String

    @Option(help: "What people call it; the same as the setting name=….")
    var name: String?

    @OptionGroup var untested: UntestedOption

    @Argument(help: ArgumentHelp("Settings that differ from their defaults.", valueName: "key=value"))
    var assignments: [String] = []

    func validate() throws { try checkAssignments(assignments) }

    func run() async throws {
        let assignments = (name.map { ["name=\($0)"] } ?? []) + assignments
        let settings = try OrganizationsFile.newOrganization(id).changing(assignments)
        let administration = try options.openAdministration()
        guard try await administration.store.organization(id) == nil else {
            throw Refusal("there is an organization '\(id)' already: change it with organization set")
        }
        try SignInReport(settings, tests: SignInTests(), keyIDs: [])
            .verdict(before: nil, isAsked: true, isForced: untested.isForced).enforce()
        _ = try await administration.organizations.create(settings, allowsUntested: true, by: .commandLine)
        if output.json { return try Terminal.printJSON(settings) }
        Terminal.print("\(id): created")
    }
}

struct OrganizationSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change settings of an organization.",
        discussion: """
            Lists are separated by commas; null clears a setting that may be absent.

            sso.enabled=true is refused until a test of sign-in has succeeded with the present login
            page, dialect and keys (organization sso says where to test), or --untested is given.

            To enforce a rule that would have refused requests of the last day needs --yes, and says
            how many: require_identify, require_user_hash, and identify_mode=update_only.

              widget-gateway organization set acme identify_mode=update_only
              widget-gateway organization set acme hosts=a.test,b.test name='Acme Inc'
              widget-gateway organization set acme sso.login_url=https://app.acme.test/login
              widget-gateway organization set acme sso.enabled=true
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption
    @OptionGroup var untested: UntestedOption

    @Flag(help: "Enforce a rule though it would have refused requests of the last day.")
    var yes = false

    @Argument(help: "The organization's id.")
    var id: String

    @Argument(help: ArgumentHelp("What to change.", valueName: "key=value"))
    var assignments: [String]

    func validate() throws { try checkAssignments(assignments) }

    func run() async throws {
        let administration = try options.openAdministration()
        let before = try await administration.settings(of: id)
        let wanted = try before.changing(assignments)
        let isAsked = assignments.contains { $0.hasPrefix("sso.enabled=") }
        try await administration.signIn.report(on: wanted, by: .commandLine)
            .verdict(before: before, isAsked: isAsked, isForced: untested.isForced).enforce()
        if !yes, let words = try await administration.consequences(of: wanted, before: before) {
            throw Refusal(
                "nothing was changed: \(words). organization report \(id) says which; --yes enforces all the same")
        }
        let after = try await administration.organizations.update(
            id, if: .whatever, isConfirmed: yes, allowsUntested: true, by: .commandLine
        ) { [assignments] in try $0.changing(assignments) }
        if output.json { return try Terminal.printJSON(after) }
        Terminal.print("\(id): \(after == before ? "unchanged" : "changed")")
    }
}

/// `--untested`, for what may enable sign-in.
struct UntestedOption: ParsableArguments {
    @Flag(
        name: .customLong("untested"),
        help: "Enable sign-in though no test has succeeded with its login page, dialect and keys.")
    var isForced = false
}

/// Wrong use, other than a value that a setting can't have.
private func checkAssignments(_ assignments: [String]) throws {
    for assignment in assignments where !assignment.dropFirst().contains("=") {
        throw ValidationError("'\(assignment)' must be KEY=VALUE.")
    }
}

struct OrganizationDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete an organization with its secrets and users.",
        discussion: """
            Asks first on a terminal, unless --yes says so.

              widget-gateway organization delete acme --yes
            """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "Don't ask.")
    var yes = false

    @Argument(help: "The organization's id.")
    var id: String

    func run() async throws {
        let administration = try options.openAdministration()
        _ = try await administration.settings(of: id)
        let users = try await administration.store.countUsers(of: id)
        try Terminal.confirm("Delete \(id) with its secrets and \(users) users?", unless: yes)
        try await administration.organizations.delete(id, by: .commandLine)
        Terminal.print("\(id): deleted")
    }
}
