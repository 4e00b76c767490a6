import ArgumentParser

struct UserCommand: GroupCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "Look after the users in the directory.",
        discussion: """
            A USER is named by directory id (usr_…), by the customer's own id or by email address.
            """,
        subcommands: [
            UserImportCommand.self, UserExportCommand.self, UserListCommand.self, UserShowCommand.self,
            UserBlockCommand.self, UserUnblockCommand.self, UserSignOutCommand.self, UserDeleteCommand.self,
        ])
}

/// The two arguments of every command that is about one user.
struct UserArguments: ParsableArguments {
    @Argument(help: "The organization's id.")
    var organization: String

    @Argument(help: "Directory id, the customer's own id, or email address.")
    var user: String

    var unknown: Refusal { Refusal("\(organization) has no user '\(Terminal.clean(user))'") }
}
