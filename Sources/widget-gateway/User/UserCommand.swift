import ArgumentParser
import ControlPlane
import UserDirectory

struct UserCommand: GroupCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "Look after the users in the directory.",
        discussion: """
            A USER is named by directory id (usr_…), by the customer's own id or by email address.
            """,
        subcommands: [
            UserImportCommand.self, UserExportCommand.self, UserListCommand.self, UserShowCommand.self,
            UserExportDataCommand.self, UserBlockCommand.self, UserUnblockCommand.self, UserSignOutCommand.self,
            UserSetRoleCommand.self, UserDeleteCommand.self,
        ])
}

/// The two arguments of every command that is about one user.
struct UserArguments: ParsableArguments {
    @Argument(help: "The organization's id.")
    var organization: String

    @Argument(help: "Directory id, the customer's own id, or email address.")
    var user: String

    func find(in administration: Administration) async throws -> DirectoryUser {
        guard let found = try await administration.store.user(user, of: organization) else { throw unknown }
        return found
    }

    private var unknown: Refusal { Refusal("\(organization) has no user '\(Terminal.clean(user))'") }
}
