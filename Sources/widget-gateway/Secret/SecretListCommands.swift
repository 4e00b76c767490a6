import ArgumentParser
import ControlPlane
import UserDirectory

struct SecretListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List an organization's secrets, without showing them.",
        discussion: """
              widget-gateway secret list acme
            """)

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var output: JSONOption

    @Argument(help: "The organization's id.")
    var organization: String

    func run() async throws {
        let secrets = try await options.openAdministration().secrets.list(of: organization, by: .commandLine)
        if output.json { return try Terminal.printJSON(secrets) }
        Terminal.printTable(
            ["ID", "PURPOSE", "LAST 4", "CREATED", "LAST USED", "VALID UNTIL", "REVOKED"],
            secrets.map {
                [
                    $0.id, $0.purpose.rawValue, $0.last4.isEmpty ? "–" : Terminal.clean($0.last4),
                    Terminal.moment($0.createdAt), Terminal.moment($0.lastUsedAt), Terminal.moment($0.validUntil),
                    Terminal.moment($0.revokedAt),
                ]
            },
            empty: "There are no secrets yet: widget-gateway secret generate \(organization)")
    }
}

struct SecretRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Revoke a secret: what it signed is refused within a second.",
        discussion: """
            Sessions that its tokens began go on, unless --end-sessions ends them too.

              widget-gateway secret revoke acme SECRET-ID
              widget-gateway secret revoke acme SECRET-ID --end-sessions
            """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "End the sessions that tokens signed with it began.")
    var endSessions = false

    @Argument(help: "The organization's id.")
    var organization: String

    @Argument(help: "The secret's id, as secret list shows it.")
    var secret: String

    func run() async throws {
        let administration = try options.openAdministration()
        let secrets = administration.secrets
        let isThere = try await secrets.list(of: organization, by: .commandLine).contains {
            $0.id == secret && $0.revokedAt == nil
        }
        guard isThere else { throw Refusal("\(organization) has no active secret '\(secret)'") }
        let ended = try await secrets.revoke(secret, of: organization, endSessions: endSessions, by: .commandLine)
        Terminal.print(
            "\(organization): secret \(secret) revoked" + (endSessions ? ", sessions ended: \(ended)" : ""))
        let now = administration.now()
        let isLast = try await !secrets.list(of: organization, by: .commandLine).contains {
            $0.purpose == .api && $0.isActive(at: now)
        }
        if isLast { Terminal.note("warning: \(organization) has no active API secret now, so every token is refused") }
    }
}
