import ArgumentParser
import IdentityCore

struct UserHashCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user-hash",
        abstract: "Compute the user hash of an id, as a customer's server would.",
        discussion: """
            Lower-case hexadecimal of HMAC-SHA256, keyed with the text of the secret (not the bytes that its digits
            stand for), over the id as text.

              widget-gateway user-hash --secret-file acme.secret 123
            """)

    @Option(help: ArgumentHelp("The file with the API or hash secret; - is standard input.", valueName: "file"))
    var secretFile: String

    @Argument(help: "The user's id, as the token's id claim has it.")
    var id: String

    func run() async throws {
        Terminal.print(UserHash.compute(secretText: try SecretInput.read(secretFile), id: id))
    }
}
