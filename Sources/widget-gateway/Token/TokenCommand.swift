import ArgumentParser

struct TokenCommand: GroupCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Sign and check user tokens.",
        subcommands: [TokenSignCommand.self, TokenVerifyCommand.self])
}
