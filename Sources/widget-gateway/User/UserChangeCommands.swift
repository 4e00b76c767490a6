import ArgumentParser
import ControlPlane
import UserDirectory

struct UserBlockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "block", abstract: "Refuse a user from now on, sessions included (user_blocked).")

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var arguments: UserArguments

    func run() async throws {
        let administration = try options.openAdministration()
        let user = try await arguments.find(in: administration)
        _ = try await administration.users.setBlocked(
            true, user.id, of: arguments.organization, by: .commandLine)
        Terminal.print("\(Terminal.clean(arguments.user)): blocked")
    }
}

struct UserUnblockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "unblock", abstract: "Let a blocked user in again.")

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var arguments: UserArguments

    func run() async throws {
        let administration = try options.openAdministration()
        let user = try await arguments.find(in: administration)
        _ = try await administration.users.setBlocked(
            false, user.id, of: arguments.organization, by: .commandLine)
        Terminal.print("\(Terminal.clean(arguments.user)): unblocked")
    }
}

struct UserSignOutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign-out",
        abstract: "Refuse every token that a user was issued until now (token_revoked), and end their sessions.")

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var arguments: UserArguments

    func run() async throws {
        let administration = try options.openAdministration()
        let user = try await arguments.find(in: administration)
        _ = try await administration.users.signOutEverywhere(
            user.id, of: arguments.organization, by: .commandLine)
        Terminal.print("\(Terminal.clean(arguments.user)): signed out everywhere")
    }
}

struct UserSetRoleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set-role",
        abstract: "Change what a user may do on the portal.",
        discussion: """
              widget-gateway user set-role acme ann@example.com admin
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var arguments: UserArguments

    @Argument(help: "The role.")
    var role: UserRole

    func run() async throws {
        let administration = try options.openAdministration()
        let user = try await arguments.find(in: administration)
        _ = try await administration.users.setRole(
            role, user.id, of: arguments.organization, by: .commandLine)
        Terminal.print("\(Terminal.clean(arguments.user)): \(role.rawValue)")
    }
}

extension UserRole: ExpressibleByArgument {}

struct UserDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete a user. A valid token makes them anew where the organization upserts: to keep out, block.")

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "Don't ask.")
    var yes = false

    @OptionGroup var arguments: UserArguments

    func run() async throws {
        let administration = try options.openAdministration()
        let user = try await arguments.find(in: administration)
        try Terminal.confirm("Delete \(Terminal.clean(arguments.user))?", unless: yes)
        try await administration.users.delete(user.id, of: arguments.organization, by: .commandLine)
        Terminal.print("\(Terminal.clean(arguments.user)): deleted")
    }
}
