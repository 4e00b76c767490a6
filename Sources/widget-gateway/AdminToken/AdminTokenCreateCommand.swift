import ArgumentParser
import ControlPlane
import UserDirectory

struct AdminTokenCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make an admin token and print it, this once.",
        discussion: """
            Standard output gets the token alone. Without an organization it reaches the whole instance; the
            first such token that may also write ends the one that the gateway printed at its first start.

              widget-gateway admin-token create "Ada's laptop" --expires-in 2592000
              widget-gateway admin-token create reporting --organization acme --read-only
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    @Option(help: "Bind it to this organization.")
    var organization: String?

    @Flag(help: "It may read, and change nothing.")
    var readOnly = false

    @Option(help: ArgumentHelp("It is refused after so many seconds; without this: never.", valueName: "seconds"))
    var expiresIn: Int?

    @Argument(help: "What people call it, in the list and in the audit log.")
    var name: String

    func validate() throws {
        guard (1...100).contains(name.unicodeScalars.count) else {
            throw ValidationError("A name has 1 to 100 characters.")
        }
        if let expiresIn, expiresIn < 1 { throw ValidationError("--expires-in must be positive.") }
    }

    func run() async throws {
        let administration = try options.openAdministration()
        let made = try await administration.adminTokens.create(
            name: name, scope: AdminScope(organization: organization, isReadOnly: readOnly),
            expiresAt: expiresIn.map { administration.now() + Double($0) }, by: .commandLine)
        guard let new = made.value else { return }
        if output.json { return try Terminal.printJSON(MadeAdminToken(id: new.value.id, token: new.text)) }
        Terminal.print(new.text)
        Terminal.note("This is admin token \(new.value.id). It isn't shown again.")
    }

    private struct MadeAdminToken: Encodable {
        var id: String
        var token: String
    }
}
