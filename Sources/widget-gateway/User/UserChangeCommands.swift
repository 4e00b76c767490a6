import ArgumentParser
import Foundation
import UserDirectory

struct UserBlockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "block", abstract: "Refuse a user from now on, sessions included (user_blocked).")

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var arguments: UserArguments

    func run() async throws {
        let store = try options.openStore()
        guard try await store.setBlocked(true, user: arguments.user, of: arguments.organization) else {
            throw arguments.unknown
        }
        Terminal.print("\(Terminal.clean(arguments.user)): blocked")
    }
}

struct UserUnblockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "unblock", abstract: "Let a blocked user in again.")

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var arguments: UserArguments

    func run() async throws {
        let store = try options.openStore()
        guard try await store.setBlocked(false, user: arguments.user, of: arguments.organization) else {
            throw arguments.unknown
        }
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
        let store = try options.openStore()
        let moment = Date().timeIntervalSince1970
        guard
            try await store.signOutEverywhere(user: arguments.user, of: arguments.organization, at: moment)
        else { throw arguments.unknown }
        Terminal.print("\(Terminal.clean(arguments.user)): signed out everywhere")
    }
}

struct UserDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete a user. A valid token makes them anew where the organization upserts: to keep out, block.")

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "Don't ask.")
    var yes = false

    @OptionGroup var arguments: UserArguments

    func run() async throws {
        let store = try options.openStore()
        guard let user = try await store.user(arguments.user, of: arguments.organization) else {
            throw arguments.unknown
        }
        try Terminal.confirm("Delete \(Terminal.clean(arguments.user))?", unless: yes)
        guard try await store.deleteUser(arguments.user, of: arguments.organization) else { throw arguments.unknown }
        try await options.openTelemetry().forgetTelemetry(ofUser: user.id, of: arguments.organization)
        Terminal.print("\(Terminal.clean(arguments.user)): deleted")
    }
}
