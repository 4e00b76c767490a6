import ArgumentParser
import IdentityCore
import UserDirectory

struct SessionListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the sessions that haven't ended, the youngest first.",
        discussion: """
              widget-gateway session list acme
              widget-gateway session list acme --user ann@example.com --json
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    @Option(
        help: ArgumentHelp(
            "Only this user's: directory id, the customer's own id, or email address.", valueName: "user"))
    var user: String?

    @Option(help: "At most this many, 1 to 10000.")
    var limit = 100

    @Argument(help: "The organization's id.")
    var organization: String

    func validate() throws {
        try RowLimit.check(limit)
    }

    func run() async throws {
        let store = try options.openStore()
        let id = try await user.asyncMap { try await store.directoryID(of: $0, in: organization) }
        let sessions = try await store.sessions(of: organization, user: id, limit: limit)
        let users = try await users(of: sessions, in: store)
        if output.json {
            return try Terminal.printJSON(sessions.map { SessionJSON($0, email: users[$0.user]?.profile.email) })
        }
        Terminal.printTable(
            ["SESSION", "USER", "EMAIL", "KEY", "BEGUN", "ENDS"],
            sessions.map {
                [
                    $0.name, $0.user, Terminal.clean(users[$0.user]?.profile.email), Terminal.clean($0.keyID),
                    Terminal.moment($0.createdAt), Terminal.moment($0.expiresAt),
                ]
            },
            empty: "No sessions.")
        if sessions.count == limit { Terminal.note("There may be more: --limit") }
    }

    private func users(
        of sessions: [PortalSession], in store: any UserStore
    ) async throws -> [String: DirectoryUser] {
        var users: [String: DirectoryUser] = [:]
        for id in Set(sessions.map(\.user)) { users[id] = try await store.user(id, of: organization) }
        return users
    }
}

/// A session for `--json`.
private struct SessionJSON: Encodable {
    var session: String
    var user: String
    var email: String?
    var key: String
    var createdAt: Double
    var expiresAt: Double

    init(_ session: PortalSession, email: String?) {
        self.session = session.name
        self.email = email
        user = session.user
        key = session.keyID
        createdAt = session.createdAt
        expiresAt = session.expiresAt
    }
}

extension UserStore {
    /// The directory id of the user whom `reference` names; refuses where there is none.
    func directoryID(of reference: String, in organization: String) async throws -> String {
        guard let user = try await user(reference, of: organization) else {
            throw Refusal("\(organization) has no user '\(Terminal.clean(reference))'")
        }
        return user.id
    }
}

extension Optional where Wrapped: Sendable {
    /// `map` for what has to be waited for.
    func asyncMap<Value: Sendable>(_ transform: (Wrapped) async throws -> Value) async rethrows -> Value? {
        guard let self else { return nil }
        return try await transform(self)
    }
}
