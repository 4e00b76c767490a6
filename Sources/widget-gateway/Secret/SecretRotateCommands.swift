import ArgumentParser
import ControlPlane
import UserDirectory

struct SecretRotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Make a new secret and print it; the others go on for a while.",
        discussion: """
            Until then tokens of the old secrets and of the new one are accepted: time to give the new one to the
            customer's server. A secret that ends sooner anyway ends then.

              widget-gateway secret rotate acme > acme.secret
              widget-gateway secret rotate acme --old-valid-for 1d > acme.secret
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    @Option(help: "What it is for.")
    var purpose = SecretPurpose.api

    @Option(help: ArgumentHelp("How long the others go on: 90s, 15m, 1h or 7d.", valueName: "time"))
    var oldValidFor = DurationArgument(seconds: SecretService.usualOverlap)

    @Argument(help: "The organization's id.")
    var organization: String

    func run() async throws {
        let administration = try options.openAdministration()
        let end = administration.now() + oldValidFor.seconds
        let made = try await administration.secrets.rotate(
            purpose, for: organization, oldValidUntil: end, by: .commandLine)
        guard let new = made.value else { return }
        try new.show(of: organization, output)
        if !output.json { Terminal.note("The others end at \(Terminal.moment(end)) at the latest.") }
    }
}

struct SecretRegenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "regenerate",
        abstract: "Make a new secret and print it; the others are refused from now on.",
        discussion: """
            For a secret that has leaked: every token of the others is refused within a second, so that nobody is
            identified until the customer's server has the new one. Asks first on a terminal, unless --yes says so.

              widget-gateway secret regenerate acme --yes > acme.secret
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    @Option(help: "What it is for.")
    var purpose = SecretPurpose.api

    @Flag(help: "Don't ask.")
    var yes = false

    @Argument(help: "The organization's id.")
    var organization: String

    func run() async throws {
        let administration = try options.openAdministration()
        _ = try await administration.settings(of: organization)
        try Terminal.confirm("Refuse everything that \(organization)'s present secrets sign?", unless: yes)
        let made = try await administration.secrets.regenerate(purpose, for: organization, by: .commandLine)
        try made.value?.show(of: organization, output)
    }
}

struct SecretPlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Plan the end of an active secret, or take the plan back.",
        discussion: """
              widget-gateway secret plan acme SECRET-ID --valid-for 7d
              widget-gateway secret plan acme SECRET-ID --no-end
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    @Option(help: ArgumentHelp("How long it goes on: 90s, 15m, 1h or 7d.", valueName: "time"))
    var validFor: DurationArgument?

    @Flag(help: "It goes on without an end.")
    var noEnd = false

    @Argument(help: "The organization's id.")
    var organization: String

    @Argument(help: "The secret's id, as secret list shows it.")
    var secret: String

    func validate() throws {
        guard (validFor == nil) == noEnd else {
            throw ValidationError("Say when it ends: either --valid-for or --no-end.")
        }
    }

    func run() async throws {
        let administration = try options.openAdministration()
        _ = try await administration.settings(of: organization)
        let planned = try await administration.secrets.plan(
            end: validFor.map { administration.now() + $0.seconds }, of: secret, of: organization, by: .commandLine)
        if output.json { return try Terminal.printJSON(planned) }
        let end = planned.validUntil.map { "ends at \(Terminal.moment($0))" } ?? "goes on without an end"
        Terminal.print("\(organization): secret \(secret) \(end)")
    }
}
