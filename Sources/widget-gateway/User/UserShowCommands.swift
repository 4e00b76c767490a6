import ArgumentParser
import ControlPlane
import GatewayConfiguration
import IdentityCore
import UserDirectory

struct UserListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List users in order of their creation.",
        discussion: """
              widget-gateway user list acme --search ann --limit 20
              widget-gateway user list acme --plan pro --mrr-min 1000
              widget-gateway user list acme --after usr_… --json
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    @Option(help: ArgumentHelp("What an email, id or name begins with.", valueName: "text"))
    var search: String?

    @Option(help: "Only with this status.")
    var status: String?

    @Option(help: "Only with this plan.")
    var plan: String?

    @Option(help: "Only of this segment.")
    var segment: String?

    @Option(help: "Only of this company, by name or id.")
    var company: String?

    @Option(help: "Only with this role.")
    var role: UserRole?

    @Flag(help: "Only those who are blocked.")
    var blocked = false

    @Option(help: ArgumentHelp("Only with a company's monthly revenue of at least this.", valueName: "amount"))
    var mrrMin: Double?

    @Option(help: ArgumentHelp("Only with a company's monthly revenue of at most this.", valueName: "amount"))
    var mrrMax: Double?

    @Option(help: ArgumentHelp("Go on after this directory id.", valueName: "id"))
    var after: String?

    @Option(help: "At most this many, 1 to 10000.")
    var limit = 100

    @Argument(help: "The organization's id.")
    var organization: String

    func validate() throws {
        try RowLimit.check(limit)
    }

    func run() async throws {
        let users = try options.openAdministration().users
        let (found, next) = try await find(users)
        if output.json { return try Terminal.printJSON(found.map(UserJSON.init)) }
        Terminal.printTable(
            ["DIRECTORY ID", "ID", "EMAIL", "NAME", "CREATED", "BLOCKED"],
            found.map {
                [
                    $0.id, Terminal.clean($0.profile.externalID), Terminal.clean($0.profile.email),
                    Terminal.clean($0.profile.name), Terminal.moment($0.createdAt), Terminal.moment($0.blockedAt),
                ]
            },
            empty: "No users.")
        if let next { Terminal.note("There may be more: --after \(next)") }
    }

    /// As many as are wanted: a page may hold fewer.
    private func find(_ users: UserService) async throws -> (users: [DirectoryUser], next: String?) {
        var filter = UserFilter()
        filter.search = search
        filter.status = status
        filter.plan = plan
        filter.segment = segment
        filter.company = company
        filter.role = role
        filter.isBlocked = blocked ? true : nil
        filter.revenueFrom = mrrMin
        filter.revenueTo = mrrMax
        var found: [DirectoryUser] = []
        var cursor = after
        repeat {
            let page = try await users.list(
                of: organization, filter, after: cursor, limit: limit - found.count, by: .commandLine)
            found += page.users
            cursor = page.next
        } while cursor != nil && found.count < limit
        return (found, cursor)
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
        let user = try await arguments.find(in: try options.openAdministration())
        try Terminal.printJSON(UserJSON(user))
    }
}

struct UserExportDataCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export-data",
        abstract: "Write all that is stored of one user, as JSON: for a privacy request.",
        discussion: """
            Profile, sessions, the rows of the token log that name them, and what administrators changed.

              widget-gateway user export-data acme ann@example.com > ann.json
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var arguments: UserArguments

    func run() async throws {
        let administration = try options.openAdministration()
        let user = try await arguments.find(in: administration)
        let record = try await administration.users.everything(
            on: user.id, of: arguments.organization, by: .commandLine)
        try Terminal.printJSON(AnyJSON(text: Representation.userData(record).json))
        if !record.isComplete { Terminal.note("warning: there is more; these are the newest of each kind") }
    }
}
