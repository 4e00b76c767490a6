import ArgumentParser

struct SessionCommand: GroupCommand {
    static let configuration = CommandConfiguration(
        commandName: "session",
        abstract: "List and end the sessions of signed-in browsers.",
        subcommands: [SessionListCommand.self, SessionEndCommand.self])
}
