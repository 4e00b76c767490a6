import ArgumentParser

struct AdminTokenCommand: GroupCommand {
    static let configuration = CommandConfiguration(
        commandName: "admin-token",
        abstract: "Make, list and revoke the tokens that open the admin API.",
        subcommands: [AdminTokenCreateCommand.self, AdminTokenListCommand.self, AdminTokenRevokeCommand.self])
}
