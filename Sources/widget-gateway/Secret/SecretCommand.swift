import ArgumentParser
import ControlPlane
import UserDirectory

struct SecretCommand: GroupCommand {
    static let configuration = CommandConfiguration(
        commandName: "secret",
        abstract: "Make, import, rotate, list and revoke the secrets of an organization.",
        discussion: """
            An organization may have four active secrets for each purpose: api signs user tokens (and user hashes where
            there is no other), user_hash only user hashes.
            """,
        subcommands: [
            SecretGenerateCommand.self, SecretImportCommand.self, SecretRotateCommand.self,
            SecretRegenerateCommand.self, SecretPlanCommand.self, SecretListCommand.self, SecretRevokeCommand.self,
        ])
}

extension SecretPurpose: ExpressibleByArgument {}

extension Shown<SecretSummary> {
    /// Prints the text alone to standard output, this once.
    func show(of organization: String, _ output: JSONOption) throws {
        if output.json {
            return try Terminal.printJSON(AddedSecret(id: value.id, purpose: value.purpose, secret: text))
        }
        Terminal.print(text)
        Terminal.note("This is secret \(value.id) of \(organization). It isn't shown again.")
    }
}

/// What is printed of a secret that was added. `secret` is there only where the gateway made it.
struct AddedSecret: Encodable {
    var id: String
    var purpose: SecretPurpose
    var secret: String?
}
