import ArgumentParser
import ControlPlane
import UserDirectory

struct SecretGenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Make a new secret and print it, this once.",
        discussion: """
            Standard output gets the secret alone: 64 hexadecimal characters. The HMAC key is that text itself, not the
            32 bytes that the digits stand for.

              widget-gateway secret generate acme > acme.secret
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    @Option(help: "What it is for.")
    var purpose = SecretPurpose.api

    @Argument(help: "The organization's id.")
    var organization: String

    func run() async throws {
        let secrets = try options.openAdministration().secrets
        guard let new = try await secrets.generate(purpose, for: organization, by: .commandLine).value else { return }
        try new.show(of: organization, output)
    }
}

struct SecretImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take over a secret that a customer's server already uses.",
        discussion: """
            The secret comes from a file or from standard input, never from an argument. Line breaks at its end are cut
            off, everything else is part of it.

              widget-gateway secret import acme --secret-file acme.secret
              vault read -field=secret acme | widget-gateway secret import acme
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    @Option(help: "What it is for.")
    var purpose = SecretPurpose.api

    @Option(help: ArgumentHelp("The file with the secret; without it, or as -: standard input.", valueName: "file"))
    var secretFile: String?

    @Flag(help: "Take a secret shorter than 32 bytes.")
    var allowWeak = false

    @Argument(help: "The organization's id.")
    var organization: String

    func run() async throws {
        let text = try SecretInput.read(secretFile)
        let secrets = try options.openAdministration().secrets
        let made = try await secrets.take(
            text, purpose, for: organization, allowWeak: allowWeak, by: .commandLine)
        guard let summary = made.value?.value else { return }
        if output.json { return try Terminal.printJSON(AddedSecret(id: summary.id, purpose: summary.purpose)) }
        Terminal.print("\(organization): secret \(summary.id) imported")
    }
}
