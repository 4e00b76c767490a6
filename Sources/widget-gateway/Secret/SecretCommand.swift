import ArgumentParser
import UserDirectory

struct SecretCommand: GroupCommand {
    static let configuration = CommandConfiguration(
        commandName: "secret",
        abstract: "Make, import, list and revoke the secrets of an organization.",
        discussion: """
            An organization may have four active secrets for each purpose: api signs user tokens (and user hashes where
            there is no other), user_hash only user hashes.
            """,
        subcommands: [
            SecretGenerateCommand.self, SecretImportCommand.self, SecretListCommand.self, SecretRevokeCommand.self,
        ])
}

extension SecretPurpose: ExpressibleByArgument {}

/// What is printed of a secret that was added. `secret` is there only where the gateway made it.
struct AddedSecret: Encodable {
    var id: String
    var purpose: SecretPurpose
    var secret: String?
}
