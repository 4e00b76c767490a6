import ArgumentParser
import ControlPlane
import UserDirectory

struct SessionEndCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "end",
        abstract: "End sessions: their browsers are signed out within a second.",
        discussion: """
            Tokens stay good: whoever has one that wasn't used yet can sign in again. user sign-out
            refuses a user's tokens as well, secret revoke those of a key.

              widget-gateway session end acme --user ann@example.com
              widget-gateway session end acme --key key_…
              widget-gateway session end acme --session 0123456789abcdef
              widget-gateway session end acme --all
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    @Flag(help: "All of the organization.")
    var all = false

    @Option(
        help: ArgumentHelp(
            "Those of this user: directory id, the customer's own id, or email address.", valueName: "user"))
    var user: String?

    @Option(
        help: ArgumentHelp(
            "Those that a token signed with this secret began; secret list shows its id.", valueName: "key"))
    var key: String?

    @Option(help: ArgumentHelp("This one, as session list calls it.", valueName: "name"))
    var session: String?

    @Argument(help: "The organization's id.")
    var organization: String

    func validate() throws {
        let named = [all, user != nil, key != nil, session != nil].count { $0 }
        guard named == 1 else {
            throw ValidationError("Say which sessions: exactly one of --all, --user, --key and --session.")
        }
    }

    func run() async throws {
        let administration = try options.openAdministration()
        let ended = try await administration.sessions.end(
            try await selection(in: administration.store), of: organization, by: .commandLine)
        if let session, ended == 0 {
            throw Refusal("\(organization) has no session '\(Terminal.clean(session))'")
        }
        if output.json { return try Terminal.printJSON(EndedSessions(ended: ended)) }
        Terminal.print("\(organization): sessions ended: \(ended)")
    }

    private func selection(in store: any OrganizationStore & UserStore) async throws -> SessionSelection {
        if let user { return .user(try await store.directoryID(of: user, in: organization)) }
        if let session { return .session(session) }
        guard let key else { return .all }
        guard try await store.secrets(of: organization).contains(where: { $0.id == key }) else {
            throw Refusal("\(organization) never had a secret '\(Terminal.clean(key))'")
        }
        return .key(key)
    }
}

private struct EndedSessions: Encodable {
    var ended: Int
}
