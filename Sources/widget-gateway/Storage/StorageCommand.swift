import ArgumentParser

struct StorageCommand: GroupCommand {
    static let configuration = CommandConfiguration(
        commandName: "storage", abstract: "Look after what is stored.",
        subcommands: [MigrateCommand.self, RotateMasterKeyCommand.self])
}
