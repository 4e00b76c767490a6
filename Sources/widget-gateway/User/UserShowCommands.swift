import ArgumentParser
import IdentityCore
import UserDirectory

struct UserListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List users in order of their creation.",
        discussion: """
              widget-gateway user list acme --search ann --limit 20
              widget-gateway user list acme --after usr_… --json
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    @Option(help: ArgumentHelp("What an email, id or name begins with.", valueName: "text"))
    var search: String?

    @Option(help: ArgumentHelp("Go on after this directory id.", valueName: "id"))
    var after: String?

    @Option(help: "At most this many, 1 to 10000.")
    var limit = 100

    @Argument(help: "The organization's id.")
    var organization: String

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit must be from 1 to 10000.") }
    }

    func run() async throws {
        let users = try await options.openStore().users(
            of: organization, search: search, after: after, limit: limit)
        if output.json { return try Terminal.printJSON(users.map(UserJSON.init)) }
        Terminal.printTable(
            ["DIRECTORY ID", "ID", "EMAIL", "NAME", "CREATED", "BLOCKED"],
            users.map {
                [
                    $0.id, Terminal.clean($0.profile.externalID), Terminal.clean($0.profile.email),
                    Terminal.clean($0.profile.name), Terminal.moment($0.createdAt), Terminal.moment($0.blockedAt),
                ]
            },
            empty: "No users.")
        if users.count == limit, let last = users.last { Terminal.note("There may be more: --after \(last.id)") }
    }
}

struct UserShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one user, as JSON.",
        discussion: """
              widget-gateway user show acme ann@example.com
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption
    @OptionGroup var arguments: UserArguments

    func run() async throws {
        let user = try await options.openStore().user(arguments.user, of: arguments.organization)
        guard let user else { throw arguments.unknown }
        try Terminal.printJSON(UserJSON(user))
    }
}
